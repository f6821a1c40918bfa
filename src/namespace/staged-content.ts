import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import type { CustomerKey } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import { type BlobId, blobId } from '../model/ids.ts';
import type { Content, Segment } from '../model/object.ts';
import { randomHex } from '../runtime/random.ts';
import type { SealedBlob } from '../stores/blobs/port.ts';
import type { MetadataView } from '../stores/metadata/port.ts';
import { closeInline, newDataKey, wrapDataKey } from './data-keys.ts';
import type { NamespaceDeps } from './deps.ts';
import type { Alongside } from './object-transaction.ts';
import { decodeBlob, encodeBlob, encodeInline } from './rows/blob-rows.ts';
import { blobKey, inlineKey } from './rows/keys.ts';
import { type ContentFacts, OBJECT_BYTES_MAX } from './rules/new-state.ts';

/** Bytes that are safe but that no row names yet. Small ones wait in memory for the row's own transaction. */
export type StagedContent = ContentFacts & {
  /** When the bytes were safe. A commit much later must not trust that they still are: see `sweep-orphans.ts`. */
  readonly stagedMs: number;
} & (
    | { readonly place: 'none' }
    /** `row`: what is stored, encrypted if it must be; the bytes themselves are kept nowhere else. */
    | { readonly place: 'inline'; readonly blobId: BlobId; readonly row: Uint8Array }
    | { readonly place: 'store'; readonly blobId: BlobId }
  );

/**
 * Takes bytes in: up to `inlineBytesMax` in memory, more into the blob store as they come. Rejects with the source's
 * own error when it fails. Nothing is left behind then.
 */
export async function stageContent(
  deps: NamespaceDeps,
  source: AsyncIterable<Uint8Array>,
  key?: CustomerKey,
): Promise<StagedContent> {
  const taken = await takeSmall(source, deps.settings.inlineBytesMax);
  if (taken.kind === 'small') return stagedInline(deps, taken.bytes, key);
  const body = withinObjectLimit(taken.source);
  if (key === undefined) return stagedBlob(deps, await deps.blobs.write(body, { md5: true }));
  const dataKey = newDataKey(deps.random);
  const sealed = await deps.blobs.write(body, { md5: true, dataKey });
  const wrappedKey = wrapDataKey(deps.random, key, sealed.blobId, dataKey);
  return stagedBlob(deps, sealed, { wrappedKey, keySha256: key.sha256 });
}

/** What a blob that was encrypted for a customer's key is read with. */
export interface WrappedFor {
  readonly wrappedKey: Uint8Array;
  readonly keySha256: string;
}

/** A source told apart: all of it when it is small, else the whole of it again, unread. */
export type Taken =
  | { readonly kind: 'small'; readonly bytes: Uint8Array }
  | { readonly kind: 'large'; readonly source: AsyncIterable<Uint8Array> };

export async function takeSmall(source: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Taken> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const iterator = source[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > bytesMax) return { kind: 'large', source: resumed(chunks, iterator) };
  }
  return { kind: 'small', bytes: Buffer.concat(chunks) };
}

async function* resumed(chunks: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* withinObjectLimit(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > OBJECT_BYTES_MAX) {
      const message = `an object has at most ${OBJECT_BYTES_MAX} bytes`;
      throw new StraitError('payloadTooLarge', message, { limitBytes: OBJECT_BYTES_MAX });
    }
    yield chunk;
  }
}

export function stagedInline(deps: NamespaceDeps, bytes: Uint8Array, key?: CustomerKey): StagedContent {
  const facts = {
    size: bytes.length,
    crc32c: crc32c(bytes),
    md5: new Uint8Array(createHash('md5').update(bytes).digest()),
    stagedMs: deps.clock.nowMs(),
    ...encryptedFor(key?.sha256),
  };
  if (bytes.length === 0) return { ...facts, place: 'none', content: { kind: 'local', segments: [] } };
  const id = blobId(randomHex(deps.random, 16));
  const segment = { blobId: id, offset: 0, length: bytes.length, inline: true as const };
  if (key === undefined) {
    const content: Content = { kind: 'local', segments: [segment] };
    return { ...facts, place: 'inline', blobId: id, row: encodeInline(bytes), content };
  }
  const dataKey = newDataKey(deps.random);
  const row = encodeInline(closeInline(deps.random, dataKey, id, bytes), 'aes-256-gcm');
  const wrappedKey = wrapDataKey(deps.random, key, id, dataKey);
  const content: Content = { kind: 'local', segments: [{ ...segment, wrappedKey }] };
  return { ...facts, place: 'inline', blobId: id, row, content };
}

const encryptedFor = (keySha256: string | undefined): Pick<ContentFacts, 'encryption'> =>
  keySha256 === undefined ? {} : { encryption: { kind: 'customer', keySha256 } };

export function stagedBlob(deps: NamespaceDeps, sealed: SealedBlob, wrapped?: WrappedFor): StagedContent {
  const { size, md5, blobId: id } = sealed;
  const segment: Segment = { blobId: id, offset: 0, length: size };
  const kept = wrapped === undefined ? segment : { ...segment, wrappedKey: wrapped.wrappedKey };
  const content: Content = { kind: 'local', segments: size === 0 ? [] : [kept] };
  const encryption = encryptedFor(wrapped?.keySha256);
  const facts = { size, crc32c: sealed.crc32c, content, stagedMs: deps.clock.nowMs(), ...encryption };
  const sums = { ...facts, ...(md5 === undefined ? {} : { md5 }) };
  return size === 0 ? { ...sums, place: 'none' } : { ...sums, place: 'store', blobId: sealed.blobId };
}

/**
 * Blobs that no row names are adopted by the sweep of orphans an hour after it first sees them. A commit that comes
 * later than this is refused, so that it cannot name a blob on its way out.
 */
export const STAGED_MS_MAX = 20 * 60 * 1_000;

/** The rows that make staged bytes known, in the transaction that first names them. */
export async function stagedRows(deps: NamespaceDeps, view: MetadataView, staged: StagedContent): Promise<Alongside> {
  if (staged.place === 'none') return {};
  const key = blobKey(staged.blobId);
  const value = encodeBlob({ size: staged.size, place: staged.place });
  if (staged.place === 'inline') {
    const inline = { kind: 'put' as const, key: inlineKey(staged.blobId), value: staged.row };
    return { writes: [inline, { kind: 'put', key, value }] };
  }
  if (deps.clock.nowMs() - staged.stagedMs > STAGED_MS_MAX) {
    throw new StraitError('unavailable', 'the commit came too long after its bytes: send them again', {});
  }
  const [row] = await view.get([key]);
  if (row === undefined) return { checks: [{ kind: 'absent', key }], writes: [{ kind: 'put', key, value }] };
  // An orphan's row: the bytes are there as long as it is.
  const known = decodeBlob(row.value);
  if (known.size !== staged.size) throw new StraitError('internal', `blob ${staged.blobId} changed its size`, {});
  return { checks: [{ kind: 'version', key, version: row.version }] };
}

/**
 * Drops staged bytes after a refusal. Only when it is certain that no commit named them: an `unavailable` commit may
 * have been made, and the sweep of orphans finds out.
 */
export async function dropStaged(deps: NamespaceDeps, staged: StagedContent, refusal: unknown): Promise<void> {
  if (staged.place !== 'store' || !isDefinite(refusal)) return;
  try {
    await deps.blobs.remove(staged.blobId);
  } catch (error) {
    const fields = { blob: staged.blobId, error: String(error) };
    deps.logger.log('warn', 'bytes of a refused write were not removed', fields);
  }
}

function isDefinite(refusal: unknown): boolean {
  return refusal instanceof StraitError && refusal.code !== 'unavailable' && refusal.code !== 'internal';
}
