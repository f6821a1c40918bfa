import type { NewObjectAccess } from '../../model/access-list.ts';
import type { Bucket } from '../../model/bucket.ts';
import type { ObjectEncryption } from '../../model/encryption.ts';
import { StraitError } from '../../model/errors.ts';
import { generation } from '../../model/ids.ts';
import type { Content, ObjectAttributes, ObjectState } from '../../model/object.ts';
import { accessOf, newObjectAccess, type StoredAccess } from './access.ts';
import { hasAutoclass } from './bucket-settings.ts';
import { datedContexts } from './contexts.ts';
import { combineCrc32c } from './crc32c-combine.ts';
import { newEncryption } from './encryption.ts';
import { withProtection } from './object-retention.ts';

/** What a mutation makes of an object, as data. Times come in; the generation is minted by the commit. */

export const OBJECT_BYTES_MAX = 5 * 2 ** 40;
export const COMPOSE_SOURCES_MAX = 32;
const COMPONENT_COUNT_MAX = 2 ** 31 - 1;

/** Stands in the state until the store has minted the generation. */
export const UNMINTED = generation(0n);

/** What the bytes of a new object are. */
export interface ContentFacts {
  readonly size: number;
  readonly crc32c: number;
  readonly md5?: Uint8Array;
  readonly componentCount?: number;
  /** Whose key the bytes are under; absent: the bucket's default for a new object. */
  readonly encryption?: ObjectEncryption;
  readonly content: Content;
}

export interface NewStateContext {
  readonly bucket: Bucket;
  readonly nowMs: number;
  /** What the request says of the new object's access; absent: nothing. */
  readonly access?: NewObjectAccess | undefined;
  /** The attributes are those of an older version, which was moved or restored: its retention is as it was. */
  readonly isCarried?: boolean;
}

/**
 * A new generation: metageneration 1, all times now, and the bucket's storage class and default access list unless the
 * client names others, and its default hold.
 */
export function newState(attributes: ObjectAttributes, facts: ContentFacts, context: NewStateContext): ObjectState {
  const { bucket, nowMs, access = {} } = context;
  const { contexts, ...others } = withProtection(attributes, context);
  const encryption = newEncryption(bucket, facts.encryption);
  return {
    storageClass: bucket.storageClass,
    ...others,
    ...(contexts === undefined ? {} : { contexts: datedContexts(undefined, contexts, nowMs) }),
    ...facts,
    ...(encryption === undefined ? {} : { encryption }),
    generation: UNMINTED,
    metageneration: 1n,
    timeCreatedMs: nowMs,
    updatedMs: nowMs,
    timeStorageClassUpdatedMs: nowMs,
    timeFinalizedMs: nowMs,
    ...newObjectAccess(bucket, access),
  };
}

/** The state with the access list and the owner of another. */
export function withAccessOf(state: ObjectState, other: StoredAccess): ObjectState {
  const { acl: _acl, owner: _owner, ...rest } = state;
  return { ...rest, ...accessOf(other) };
}

/** Fields of a state that a client does not set. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'generation',
  'metageneration',
  'size',
  'crc32c',
  'md5',
  'etag',
  'timeCreatedMs',
  'updatedMs',
  'timeStorageClassUpdatedMs',
  'timeFinalizedMs',
  'componentCount',
  'timeDeletedMs',
  'softDeleteTimeMs',
  'hardDeleteTimeMs',
  'restoreToken',
  'holdReleasedMs',
  'acl',
  'owner',
  'encryption',
  'content',
] satisfies readonly Exclude<keyof ObjectState, keyof ObjectAttributes>[]);

/** The attributes among a state's fields. */
export function attributesOf(state: ObjectState): ObjectAttributes {
  return Object.fromEntries(Object.entries(state).filter(([field]) => !OWN_FIELDS.has(field)));
}

/** The facts under what a request chose instead. */
export function withEncryption(facts: ContentFacts, encryption: ObjectEncryption | undefined): ContentFacts {
  const { encryption: _encryption, ...rest } = facts;
  return encryption === undefined ? rest : { ...rest, encryption };
}

/** What a copy shares with its source. */
export function factsOf(state: ObjectState): ContentFacts {
  const { size, crc32c, md5, componentCount, encryption, content } = state;
  return {
    size,
    crc32c,
    content,
    ...(md5 === undefined ? {} : { md5 }),
    ...(componentCount === undefined ? {} : { componentCount }),
    ...(encryption === undefined ? {} : { encryption }),
  };
}

/**
 * The same generation with other attributes: metageneration + 1, `updated` moves. A custom time, once set, is never
 * removed nor moved back (https://cloud.google.com/storage/docs/metadata#custom-time).
 */
export function changedState(current: ObjectState, attributes: ObjectAttributes, nowMs: number): ObjectState {
  if (current.customTimeMs !== undefined && (attributes.customTimeMs ?? -1) < current.customTimeMs) {
    const message = 'Custom time cannot be removed or set to an earlier time.';
    throw new StraitError('invalidArgument', message, { field: 'customTime' });
  }
  const { contexts, ...others } = attributes;
  const storageClass = attributes.storageClass ?? current.storageClass;
  const updatedMs = Math.max(nowMs, current.updatedMs);
  const isReleased = current.eventBasedHold === true && attributes.eventBasedHold !== true;
  const holdReleasedMs = isReleased ? updatedMs : current.holdReleasedMs;
  return {
    ...others,
    ...(contexts === undefined ? {} : { contexts: datedContexts(current.contexts, contexts, updatedMs) }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...factsOf(current),
    ...accessOf(current),
    generation: current.generation,
    metageneration: current.metageneration + 1n,
    timeCreatedMs: current.timeCreatedMs,
    updatedMs,
    timeStorageClassUpdatedMs: storageClass === current.storageClass ? current.timeStorageClassUpdatedMs : updatedMs,
    ...(current.timeFinalizedMs === undefined ? {} : { timeFinalizedMs: current.timeFinalizedMs }),
    ...(current.timeDeletedMs === undefined ? {} : { timeDeletedMs: current.timeDeletedMs }),
    ...(holdReleasedMs === undefined ? {} : { holdReleasedMs }),
  };
}

/**
 * A new generation with what a soft-deleted one had when it was deleted. Where the bucket chooses classes itself, it is
 * new there too, and begins as Standard.
 */
export function restoredState(
  deleted: ObjectState,
  context: { readonly bucket: Bucket; readonly nowMs: number; readonly copySourceAcl: boolean },
): ObjectState {
  const made = newState(attributesOf(deleted), factsOf(deleted), { ...context, isCarried: true });
  const state = context.copySourceAcl ? withAccessOf(made, deleted) : made;
  return hasAutoclass(context.bucket) ? { ...state, storageClass: 'STANDARD' } : state;
}

/**
 * The facts of a composition, but for its segments: sizes and component counts add up, CRC32Cs combine, and there is no
 * MD5 (https://cloud.google.com/storage/docs/composite-objects).
 */
export function composedFacts(sources: readonly ObjectState[]): Omit<ContentFacts, 'content'> {
  let [size, crc32c, componentCount] = [0, 0, 0];
  for (const source of sources) {
    size += source.size;
    crc32c = combineCrc32c(crc32c, source.crc32c, source.size);
    componentCount = Math.min(componentCount + (source.componentCount ?? 1), COMPONENT_COUNT_MAX);
  }
  if (size > OBJECT_BYTES_MAX) {
    const message = `the composed object would have ${size} bytes; an object has at most ${OBJECT_BYTES_MAX}`;
    throw new StraitError('invalidArgument', message, { field: 'sourceObjects' });
  }
  return { size, crc32c, componentCount };
}

/** Declared checksums and size against those of the bytes that came. */
export function judgeExpected(
  expected: { readonly crc32c?: number; readonly md5?: Uint8Array; readonly size?: number },
  actual: { readonly size: number; readonly crc32c: number; readonly md5?: Uint8Array },
): StraitError | undefined {
  if (expected.size !== undefined && expected.size !== actual.size) {
    const message = `the upload has ${actual.size} bytes where ${expected.size} were declared`;
    return new StraitError('invalidArgument', message, { field: 'size' });
  }
  if (expected.crc32c !== undefined && expected.crc32c !== actual.crc32c) {
    return mismatch('CRC32C', base64Crc(expected.crc32c), base64Crc(actual.crc32c));
  }
  if (expected.md5 !== undefined && actual.md5 !== undefined) {
    const [wanted, found] = [Buffer.from(expected.md5).toString('base64'), Buffer.from(actual.md5).toString('base64')];
    if (wanted !== found) return mismatch('MD5', wanted, found);
  }
  return undefined;
}

/** As GCS words it. */
function mismatch(kind: 'CRC32C' | 'MD5', expected: string, actual: string): StraitError {
  const message = `Provided ${kind} "${expected}" doesn't match calculated ${kind} "${actual}".`;
  return new StraitError('checksumMismatch', message, { expected, actual });
}

/** 4 bytes, big-endian (discovery document, Object.crc32c). */
function base64Crc(crc32c: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c);
  return bytes.toString('base64');
}
