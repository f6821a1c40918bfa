/** Bytes of applied names: fetched by generation, checked, recorded in the row. Nothing here makes a name visible. */
import { crc32c } from '@node-rs/crc32';
import type { Bucket } from '../model/bucket.ts';
import { isStraitError, StraitError } from '../model/errors.ts';
import { appliedState, type ObjectFaces } from '../model/faces.ts';
import {
  type BlobId,
  blobId,
  type Generation,
  generation,
  type ObjectName,
  type StagingId,
  stagingId,
} from '../model/ids.ts';
import type { ObjectState, Segment } from '../model/object.ts';
import { encodeBlob, encodeInline } from '../namespace/rows/blob-rows.ts';
import { encodeRow } from '../namespace/rows/codec.ts';
import {
  backlogKey,
  blobKey,
  flatPlace,
  inlineKey,
  leafOf,
  objectKey,
  transferKey,
  transfersOf,
  unreferencedKey,
} from '../namespace/rows/keys.ts';
import { blobsOf, referenceWrites, unchanged } from '../namespace/rows/references.ts';
import { decodeTransfer, encodeTransfer } from '../namespace/rows/sync-rows.ts';
import { scanPages } from '../namespace/scan-pages.ts';
import { Semaphore } from '../runtime/concurrency.ts';
import { randomHex } from '../runtime/random.ts';
import type { Write } from '../stores/metadata/port.ts';
import type { SyncDeps, SyncSettings } from './deps.ts';
import { followedRow, type ReadRow, readRows } from './faces.ts';
import { RangeWindow } from './range-window.ts';

/** Bytes that have arrived and been checked, not yet named by any row. */
interface Arrived {
  readonly segments: readonly Segment[];
  /** The rows that make the blob known; they go with the row that names it. */
  readonly writes: readonly Write[];
}

const RECORD_ATTEMPTS_MAX = 20;
const RANGES_PER_PART = 4;

export class Transfers {
  readonly #deps: SyncDeps;
  readonly #settings: SyncSettings;
  readonly #slots: Semaphore;
  readonly #running = new Map<string, Promise<ObjectState | undefined>>();
  #bytes = 0;

  constructor(deps: SyncDeps, settings: SyncSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#slots = new Semaphore(settings.transferConcurrency);
  }

  /** Bytes fetched since the start. */
  get bytesFetched(): number {
    return this.#bytes;
  }

  /**
   * Makes the bytes of one generation local and answers its state; undefined when no face of the row has that
   * generation any more. Concurrent calls for the same bytes share one transfer. Rejects when the source does not
   * have the generation (`objectNotFound`) or its bytes fail their checksum (`checksumMismatch`).
   */
  fetch(bucket: Bucket, name: ObjectName, wanted: Generation): Promise<ObjectState | undefined> {
    const key = runningKey(bucket, name, wanted);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = this.#slots.run(() => this.#fetch(bucket, name, wanted)).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #fetch(bucket: Bucket, name: ObjectName, wanted: Generation): Promise<ObjectState | undefined> {
    const [read] = await readRows(this.#deps.metadata, bucket.id, [name]);
    const state = read?.faces === undefined ? undefined : faceOf(read.faces, wanted);
    if (state === undefined || state.content.kind === 'local') return state;
    const arrived = await this.#bring(bucket, name, state);
    this.#bytes += state.size;
    this.#deps.crashPoints.reach('sync.after-transfer');
    return this.#record(bucket, { name, generation: wanted }, arrived);
  }

  /** Drops what was staged for generations that no row wants any more: the name went, or its content is another now. */
  async dropUnwanted(bucket: Bucket, signal: AbortSignal): Promise<void> {
    for await (const rows of scanPages(this.#deps.metadata, transfersOf(bucket.id), signal)) {
      const reads = await readRows(
        this.#deps.metadata,
        bucket.id,
        rows.map(({ key }) => leafOf('transfer', key)),
      );
      for (const [index, row] of rows.entries()) {
        const read = reads[index];
        const { generation: text, stagingId: id } = decodeTransfer(row.value);
        if (read === undefined || this.#isWanted(bucket, read, generation(BigInt(text)))) continue;
        await this.#deps.blobs.discard(stagingId(id));
        await this.#deps.metadata.commit({
          checks: [unchanged(row.key, row)],
          writes: [{ kind: 'delete', key: row.key }],
        });
      }
    }
  }

  #isWanted(bucket: Bucket, { place, faces }: ReadRow, wanted: Generation): boolean {
    if (this.#running.has(runningKey(bucket, place.leaf, wanted))) return true;
    return faces !== undefined && faceOf(faces, wanted)?.content.kind === 'remote';
  }

  #bring(bucket: Bucket, name: ObjectName, state: ObjectState): Promise<Arrived> {
    if (state.size <= this.#deps.settings.inlineBytesMax) return this.#bringInline(bucket, name, state);
    if (state.size <= this.#settings.transferPartBytes) return this.#bringWhole(bucket, name, state);
    return this.#bringInParts(bucket, name, state);
  }

  async #bringInline(bucket: Bucket, name: ObjectName, state: ObjectState): Promise<Arrived> {
    const id = blobId(randomHex(this.#deps.random, 16));
    const bytes = state.size === 0 ? Buffer.alloc(0) : await this.#whole(bucket, name, state);
    check(bucket, name, state, { size: bytes.length, crc32c: crc32c(bytes) });
    if (bytes.length === 0) return { segments: [], writes: [] };
    return {
      segments: [{ blobId: id, offset: 0, length: bytes.length, inline: true }],
      writes: [
        { kind: 'put', key: inlineKey(id), value: encodeInline(bytes) },
        { kind: 'put', key: blobKey(id), value: encodeBlob({ size: bytes.length, place: 'inline' }) },
      ],
    };
  }

  async #bringWhole(bucket: Bucket, name: ObjectName, state: ObjectState): Promise<Arrived> {
    const range = { start: 0, end: state.size };
    const source = this.#deps.remote.readRange(
      { bucket: bucket.name, name, generation: state.generation, range },
      new AbortController().signal,
    );
    return this.#checked(bucket, name, state, await this.#deps.blobs.write(source, { md5: false }));
  }

  async #whole(bucket: Bucket, name: ObjectName, { generation, size }: ObjectState): Promise<Uint8Array> {
    const request = { bucket: bucket.name, name, generation, range: { start: 0, end: size } };
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#deps.remote.readRange(request, new AbortController().signal)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Ranges arrive side by side and are appended in order. A crash costs at most one part: the rest is durable. */
  async #bringInParts(bucket: Bucket, name: ObjectName, state: ObjectState): Promise<Arrived> {
    const { stagingId: id, offset } = await this.#resume(bucket, name, state);
    const place = { bucket: bucket.name, name, generation: state.generation };
    const window = new RangeWindow(
      { size: state.size, start: offset, windowBytes: this.#settings.transferPartBytes, ranges: RANGES_PER_PART },
      (range, signal) => this.#deps.remote.readRange({ ...place, range }, signal),
    );
    try {
      for (let durable = offset; durable < state.size; ) {
        window.fill(durable);
        const { durableOffset, sourceError } = await this.#deps.blobs.append(id, durable, window.arrived());
        if (sourceError !== undefined) throw sourceError;
        durable = durableOffset;
      }
    } finally {
      window.close();
    }
    const sealed = await this.#deps.blobs.seal(id);
    const arrived = await this.#checked(bucket, name, state, sealed);
    const done: Write = { kind: 'delete', key: transferKey(flatPlace(bucket.id, name)) };
    return { segments: arrived.segments, writes: [...arrived.writes, done] };
  }

  /** The staging a run before this one began, or a new one whose row is durable before the first byte. */
  async #resume(
    bucket: Bucket,
    name: ObjectName,
    state: ObjectState,
  ): Promise<{ readonly stagingId: StagingId; readonly offset: number }> {
    const key = transferKey(flatPlace(bucket.id, name));
    const [row] = await this.#deps.metadata.get([key]);
    if (row !== undefined) {
      const transfer = decodeTransfer(row.value);
      const id = stagingId(transfer.stagingId);
      if (transfer.generation === state.generation.toString()) {
        const staging = await this.#deps.blobs.staging(id);
        // A sealed blob has the id of its staging: only its record is missing.
        const offset = staging?.durableOffset ?? (await this.#deps.blobs.size(blobId(id)));
        if (offset !== undefined) return { stagingId: id, offset };
      }
      await this.#deps.blobs.discard(id);
    }
    const id = await this.#deps.blobs.begin({ md5: false });
    const value = encodeTransfer({ generation: state.generation.toString(), stagingId: id });
    await this.#deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key, value }] });
    return { stagingId: id, offset: 0 };
  }

  async #checked(
    bucket: Bucket,
    name: ObjectName,
    state: ObjectState,
    sealed: { readonly blobId: BlobId; readonly size: number; readonly crc32c: number },
  ): Promise<Arrived> {
    try {
      check(bucket, name, state, sealed);
    } catch (error) {
      await this.#deps.blobs.remove(sealed.blobId);
      await this.#deps.metadata.commit({
        checks: [],
        writes: [{ kind: 'delete', key: transferKey(flatPlace(bucket.id, name)) }],
      });
      throw error;
    }
    const value = encodeBlob({ size: sealed.size, place: 'store' });
    return {
      segments: [{ blobId: sealed.blobId, offset: 0, length: sealed.size }],
      writes: [{ kind: 'put', key: blobKey(sealed.blobId), value }],
    };
  }

  /** Names the bytes in the row, if a face still has that generation; else leaves them to reaping. */
  async #record(
    bucket: Bucket,
    target: { readonly name: ObjectName; readonly generation: Generation },
    arrived: Arrived,
  ): Promise<ObjectState | undefined> {
    for (let attempt = 0; attempt < RECORD_ATTEMPTS_MAX; attempt += 1) {
      const [read] = await readRows(this.#deps.metadata, bucket.id, [target.name]);
      if (read?.faces === undefined || faceOf(read.faces, target.generation) === undefined) {
        await this.#abandon(arrived);
        return undefined;
      }
      const next = withContent(read.faces, target.generation, arrived.segments);
      const outcome = await this.#deps.metadata.commit({
        checks: [unchanged(objectKey(read.place), read.row)],
        writes: [...arrived.writes, ...this.#rowWrites(read, read.faces, next)],
      });
      if (outcome.kind === 'committed') {
        this.#deps.crashPoints.reach('sync.after-bytes-recorded');
        return faceOf(next, target.generation);
      }
    }
    await this.#abandon(arrived);
    throw new StraitError('unavailable', `gs://${bucket.name}/${target.name} keeps changing`, {});
  }

  #rowWrites(read: ReadRow, before: ObjectFaces, next: ObjectFaces): Write[] {
    const references = referenceWrites(
      { kind: 'object', place: read.place },
      { before: blobsOf(before), after: blobsOf(next) },
      this.#deps.clock.nowMs(),
    );
    const row = followedRow(read.place, next);
    // A published name that only waited for its bytes has no work left.
    const done: Write[] = next.applied.kind === 'same' ? [{ kind: 'delete', key: backlogKey(read.place) }] : [];
    return [row, ...references, ...done];
  }

  async #abandon(arrived: Arrived): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    const orphans = arrived.segments.map(
      (segment): Write => ({ kind: 'put', key: unreferencedKey(segment.blobId), value: encodeRow({ t: nowMs }) }),
    );
    await this.#deps.metadata.commit({ checks: [], writes: [...arrived.writes, ...orphans] });
  }
}

function runningKey(bucket: Bucket, name: ObjectName, wanted: Generation): string {
  return `${bucket.id} ${wanted} ${name}`;
}

/** True for errors that say the source itself lacks these bytes, not that it cannot be reached. */
export function isSourceBroken(error: unknown): boolean {
  return isStraitError(error, 'objectNotFound') || isStraitError(error, 'checksumMismatch');
}

function faceOf(faces: ObjectFaces, generation: Generation): ObjectState | undefined {
  const applied = appliedState(faces);
  if (applied?.generation === generation) return applied;
  return faces.published?.generation === generation ? faces.published : undefined;
}

function withContent(faces: ObjectFaces, generation: Generation, segments: readonly Segment[]): ObjectFaces {
  const fill = (state: ObjectState): ObjectState =>
    state.generation === generation ? { ...state, content: { kind: 'local', segments } } : state;
  return {
    ...(faces.published === undefined ? {} : { published: fill(faces.published) }),
    applied: faces.applied.kind === 'state' ? { kind: 'state', state: fill(faces.applied.state) } : faces.applied,
    ...(faces.setId === undefined ? {} : { setId: faces.setId }),
  };
}

function check(
  bucket: Bucket,
  name: ObjectName,
  state: ObjectState,
  got: { readonly size: number; readonly crc32c: number },
): void {
  if (got.size === state.size && got.crc32c === state.crc32c) return;
  throw new StraitError(
    'checksumMismatch',
    `gs://${bucket.name}/${name}#${state.generation}: the source says ${state.size} bytes with CRC32C ` +
      `${state.crc32c}, ${got.size} bytes with ${got.crc32c} came`,
    { expected: String(state.crc32c), actual: String(got.crc32c) },
  );
}
