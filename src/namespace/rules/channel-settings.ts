/** What a channel may be, as Google's APIs with channels have them (Drive API page "Push notifications"). Pure. */
import type { ChannelPolicy, ChannelSettings } from '../../model/channel.ts';
import { StraitError } from '../../model/errors.ts';
import { type BucketId, bucketId } from '../../model/ids.ts';
import { callableUrl } from './channel-address.ts';
import type { ObjectEntry } from './object-events.ts';

export const CHANNELS_PER_BUCKET_MAX = 100;
const ID = /^[A-Za-z0-9\-_+/=]{1,64}$/;
/** It goes in a header. */
const TOKEN = /^[\x20-\x7e]{1,256}$/;
const PARAMS_BYTES_MAX = 8 * 1024;
/** The last time there is. */
const TIME_MS_MAX = 8.64e15;

export function assertChannelSettings(settings: ChannelSettings, policy: ChannelPolicy, nowMs: number): void {
  const { id, address, token, expirationMs, params } = settings;
  if (!ID.test(id)) throw invalid('id', `Channel id "${id.slice(0, 100)}" is not valid: 1 to 64 of A-Za-z0-9-_+/=.`);
  callableUrl(address, policy);
  if (token !== undefined && !TOKEN.test(token)) {
    throw invalid('token', 'The token must be 1 to 256 printable characters of ASCII.');
  }
  if (expirationMs !== undefined && !(expirationMs > nowMs && expirationMs <= TIME_MS_MAX)) {
    throw invalid('expiration', 'The expiration must be in the future: milliseconds since 1970.');
  }
  if (Buffer.byteLength(JSON.stringify(params)) > PARAMS_BYTES_MAX) {
    throw invalid('params', `The parameters have more than ${PARAMS_BYTES_MAX} bytes.`);
  }
}

/** What is watched: the bucket's objects. The same for every channel of a bucket. */
export function resourceIdOf(id: BucketId): string {
  return Buffer.from(id, 'hex').toString('base64url');
}

/** Undefined when it is none of ours. */
export function watchedBucket(resourceId: string): BucketId | undefined {
  if (!/^[A-Za-z0-9_-]{11}$/.test(resourceId)) return undefined;
  const id = bucketId(Buffer.from(resourceId, 'base64url').toString('hex'));
  return resourceIdOf(id) === resourceId ? id : undefined;
}

export type ResourceState = 'exists' | 'not_exists';

/**
 * What a mutation makes of the live object of its name; undefined when it leaves it alone, as changes of versions that
 * are not live do. An object that is overwritten goes on existing.
 */
export function resourceStateAfter({ op, version }: ObjectEntry): ResourceState | undefined {
  if (version !== undefined || op === 'replace') return undefined;
  return op === 'delete' ? 'not_exists' : 'exists';
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field, reason: 'invalid' });
}
