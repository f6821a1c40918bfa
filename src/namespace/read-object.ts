import type { Bucket } from '../model/bucket.ts';
import type { CustomerKey } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange, NamedObject, ObjectState, Segment } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { SecretKey } from '../model/secret-key.ts';
import { openInline, segmentKey } from './data-keys.ts';
import type { NamespaceDeps } from './deps.ts';
import { pastVersionElsewhere } from './list-elsewhere.ts';
import { addressed, namedObject, readBucket, readVisible } from './object-access.ts';
import { decodeInline } from './rows/blob-rows.ts';
import { inlineKey } from './rows/keys.ts';
import { judgeKey } from './rules/encryption.ts';
import { objectNameProblem } from './rules/names.ts';
import { judgePreconditions } from './rules/preconditions.ts';
import { segmentsOf, segmentsWithin } from './segments.ts';
import { readSoftDeleted, type SoftDeletedAddress } from './soft-deleted.ts';

export interface ObjectAddress {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  /** Live or noncurrent. Absent: the live one. */
  readonly generation?: Generation;
}

/** `bucketNotFound`, `objectNotFound`, `preconditionFailed` or `notModified`. */
export async function getObject(
  deps: NamespaceDeps,
  input: {
    readonly address: ObjectAddress;
    readonly preconditions: Preconditions;
    /** Must be the object's when it is given, and be given when the bytes are to be read. */
    readonly customerKey?: CustomerKey;
    readonly isForBytes?: boolean;
  },
): Promise<NamedObject> {
  const { address, preconditions, customerKey, isForBytes = false } = input;
  const bucket = await readBucket(deps.metadata, address.bucket);
  const isPossible = objectNameProblem(address.name) === undefined;
  const state = addressed(address, isPossible ? await visibleState(deps, bucket, address) : undefined);
  const refusal = judgePreconditions(preconditions, state);
  if (refusal !== undefined) throw refusal;
  const wrongKey = judgeKey(state.encryption, customerKey, { side: 'target', isForBytes });
  if (wrongKey !== undefined) throw wrongKey;
  return namedObject(bucket, address.name, state);
}

/** objects.get of a version that can be restored. Its bytes are not to be read. */
export async function getSoftDeletedObject(
  deps: NamespaceDeps,
  input: { readonly address: SoftDeletedAddress; readonly preconditions: Preconditions },
): Promise<NamedObject> {
  const { address, preconditions } = input;
  const bucket = await readBucket(deps.metadata, address.bucket);
  const { state } = await readSoftDeleted(deps, bucket, address);
  const refusal = judgePreconditions(preconditions, state);
  if (refusal !== undefined) throw refusal;
  return namedObject(bucket, address.name, state);
}

async function visibleState(
  deps: NamespaceDeps,
  bucket: Bucket,
  address: ObjectAddress,
): Promise<ObjectState | undefined> {
  const { passThrough, settings } = deps;
  const { name, generation } = address;
  if (bucket.owner === settings.site) return readVisible(deps.metadata, bucket, address);
  const isPassed = passThrough?.covers(bucket.name, name) === true;
  const shown = isPassed
    ? await passThrough.get(bucket.name, name)
    : await readVisible(deps.metadata, bucket, { name });
  if (generation === undefined || shown?.generation === generation) return shown;
  return pastVersionElsewhere(deps, bucket, { name, generation, shown });
}

export interface OpenInput {
  readonly object: NamedObject;
  readonly range: ByteRange;
  readonly signal: AbortSignal;
  /** Of an object that is encrypted by one; others ignore it. */
  readonly customerKey?: CustomerKey;
}

/**
 * Streams bytes of the very state `getObject` returned, even if it is overwritten or deleted meanwhile (until the reap
 * grace is over). Remote content comes by read-through. Backpressure bounds memory. Ends after exactly the range's
 * length: `corrupt` otherwise, `unavailable` when the owner must be asked and cannot be.
 */
export async function* openObject(deps: NamespaceDeps, input: OpenInput): AsyncIterable<Uint8Array> {
  const { object, range, signal } = input;
  assertRange(object, range);
  signal.throwIfAborted();
  let sent = 0;
  const length = range.end - range.start;
  for await (const chunk of openRange(deps, input)) {
    signal.throwIfAborted();
    sent += chunk.length;
    if (sent > length) break;
    yield chunk;
  }
  if (sent === length) return;
  const message = `gs://${object.bucket}/${object.name} gave ${sent} bytes where ${length} were to come`;
  throw new StraitError('corrupt', message, { blob: `${object.bucket}/${object.name}#${object.state.generation}` });
}

function assertRange(object: NamedObject, range: ByteRange): void {
  const { size } = object.state;
  if (0 <= range.start && range.start <= range.end && range.end <= size) return;
  const message = `bytes ${range.start} to ${range.end} are not within an object of ${size} bytes`;
  throw new StraitError('rangeNotSatisfiable', message, { size });
}

async function* openRange(
  deps: NamespaceDeps,
  { object, range, signal, customerKey }: OpenInput,
): AsyncIterable<Uint8Array> {
  const { bucket, name, state } = object;
  if (range.start === range.end) return;
  const key = state.encryption?.kind === 'customer' ? customerKey : undefined;
  const wrongKey = judgeKey(state.encryption, key, { side: 'target', isForBytes: true });
  if (wrongKey !== undefined) throw wrongKey;
  const withKey = key === undefined ? {} : { customerKey: key };
  if (state.content.kind === 'remote') {
    if (deps.readThrough === undefined) {
      throw new StraitError('unavailable', `the bytes of gs://${bucket}/${name} are not at this site`, {});
    }
    yield* deps.readThrough.open({ bucket, name, generation: state.generation, ...withKey }, range, signal);
    return;
  }
  const segments = await segmentsOf(deps.metadata, state.content);
  for (const segment of segmentsWithin(segments, range)) {
    yield* openSegment(deps, segment, segmentKey(segment, key));
  }
}

async function* openSegment(
  deps: NamespaceDeps,
  segment: Segment,
  dataKey: SecretKey | undefined,
): AsyncIterable<Uint8Array> {
  const { blobId, offset, length } = segment;
  if (segment.inline !== true) {
    yield* deps.blobs.open(blobId, { start: offset, end: offset + length }, dataKey === undefined ? {} : { dataKey });
    return;
  }
  const [row] = await deps.metadata.get([inlineKey(blobId)]);
  if (row === undefined) throw new StraitError('corrupt', `inline blob ${blobId} is missing`, { blob: blobId });
  const bytes =
    dataKey === undefined
      ? decodeInline(row.value, blobId)
      : openInline(dataKey, blobId, decodeInline(row.value, blobId, 'aes-256-gcm'));
  if (bytes.length < offset + length) {
    throw new StraitError('corrupt', `inline blob ${blobId} is too short`, { blob: blobId });
  }
  yield bytes.subarray(offset, offset + length);
}
