/** Bytes of listed names that are not here: fetched by generation, never by name alone, shared by all who wait. */
import type { CustomerKey } from '../model/encryption.ts';
import { isStraitError, StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { ByteRange } from '../model/object.ts';
import type { ReadThrough } from '../namespace/deps.ts';
import { openObject } from '../namespace/read-object.ts';
import { decodeBucket } from '../namespace/rows/bucket-row.ts';
import { bucketKey } from '../namespace/rows/keys.ts';
import type { SyncDeps, SyncSettings } from './deps.ts';
import { readRows } from './faces.ts';
import { policyOf } from './rules/policy.ts';
import { isSourceBroken, type Transfers } from './transfer.ts';

interface Listed {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly generation: Generation;
  readonly customerKey?: CustomerKey;
}

const RETRY_AFTER_MS = 1_000;

interface Keeping {
  readonly transfers: Transfers;
  /** Space is short: bytes are served, and none are kept. */
  readonly isPressed: () => boolean;
}

/**
 * Small objects are fetched whole, verified, kept when policy and space allow, and served from here. Of larger ones the
 * range is streamed from the source; under `read-through` the whole is fetched beside it, once.
 */
export function createReadThrough(deps: SyncDeps, settings: SyncSettings, keeping: Keeping): ReadThrough {
  return {
    async *open(object, range, signal) {
      try {
        yield* open({ deps, settings, ...keeping }, { object, range, signal });
      } catch (error) {
        throw asUnavailable(object, error);
      }
    },
  };
}

async function* open(
  context: Keeping & { readonly deps: SyncDeps; readonly settings: SyncSettings },
  request: { readonly object: Listed; readonly range: ByteRange; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { deps, settings, transfers, isPressed } = context;
  const { object, range, signal } = request;
  const policy = policyOf(settings.policies, object.bucket, object.name);
  const isOpen = object.customerKey === undefined;
  const keeps = isOpen && (policy === 'keep' || policy === 'read-through') && !isPressed();
  const [row] = await deps.metadata.get([bucketKey(object.bucket)]);
  if (row === undefined) throw new StraitError('bucketNotFound', object.bucket, { bucket: object.bucket });
  const bucket = decodeBucket(row.value);
  const [read] = await readRows(deps.metadata, bucket.id, [object.name]);
  const size = read?.faces?.published?.size ?? Number.POSITIVE_INFINITY;
  const fetched = () => transfers.fetch(bucket, object.name, object.generation);
  if (keeps && size <= settings.readThroughWholeBytesMax) {
    const state = await fetched();
    if (state !== undefined) {
      yield* openObject(deps, { object: { bucket: object.bucket, name: object.name, state }, range, signal });
      return;
    }
  } else if (keeps) {
    fetched().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      deps.logger.log('warn', 'background fetch failed', { bucket: object.bucket, name: object.name, reason });
    });
  }
  yield* deps.remote.readRange({ ...object, range }, signal);
}

/** The name is listed here, so its bytes are never a 404: they cannot be had *now*. */
function asUnavailable(object: Listed, error: unknown): unknown {
  const isOurs =
    isStraitError(error, 'unavailable') || isSourceBroken(error) || isStraitError(error, 'permissionDenied');
  if (!isOurs) return error;
  return new StraitError(
    'unavailable',
    `the bytes of gs://${object.bucket}/${object.name}#${object.generation} are not here and cannot be fetched now`,
    { retryAfterMs: RETRY_AFTER_MS },
    { cause: error },
  );
}
