/** The channels of a bucket: made and stopped, each in one transaction. */
import type { Channel, ChannelSettings } from '../../model/channel.ts';
import { StraitError } from '../../model/errors.ts';
import type { BucketName } from '../../model/ids.ts';
import type { Append, Row, Transaction } from '../../stores/metadata/port.ts';
import { decideAndCommit } from '../commit-loop.ts';
import type { NamespaceDeps } from '../deps.ts';
import { assertWritable, readBucket } from '../object-access.ts';
import { decodeChannel, encodeChannel } from '../rows/channel-row.ts';
import { encodeJournal } from '../rows/journal.ts';
import { bucketAliveKey, channelCountKey, channelKey, channelToldKey } from '../rows/keys.ts';
import { decodeCount, encodeCount } from '../rows/notification-row.ts';
import { unchanged } from '../rows/references.ts';
import {
  assertChannelSettings,
  CHANNELS_PER_BUCKET_MAX,
  resourceIdOf,
  watchedBucket,
} from '../rules/channel-settings.ts';

export interface WatchInput {
  readonly bucket: BucketName;
  readonly settings: ChannelSettings;
  readonly resourceUri: string;
}

/** Every change of the bucket's live objects that is committed once this has resolved is told. */
export async function watchObjects(deps: NamespaceDeps, input: WatchInput): Promise<Channel> {
  const { settings, resourceUri } = input;
  return decideAndCommit(deps, async () => {
    assertChannelSettings(settings, channelPolicy(deps), deps.clock.nowMs());
    const bucket = await readBucket(deps.metadata, input.bucket);
    assertWritable(deps, bucket);
    const key = channelKey(bucket.id, settings.id);
    const [alive, other, counted] = await deps.metadata.get([
      bucketAliveKey(bucket.id),
      key,
      channelCountKey(bucket.id),
    ]);
    if (alive === undefined) return { kind: 'again' };
    if (other !== undefined) throw notUnique(settings.id);
    const count = countIn(counted);
    if (count >= CHANNELS_PER_BUCKET_MAX) throw tooMany(bucket.name);
    const since = await deps.metadata.head(bucket.scopeId);
    const place = { bucket: bucket.name, bucketId: bucket.id, scopeId: bucket.scopeId };
    const channel: Channel = { ...settings, ...place, resourceId: resourceIdOf(bucket.id), resourceUri, since };
    const transaction = {
      checks: [
        unchanged(bucketAliveKey(bucket.id), alive),
        unchanged(key, undefined),
        unchanged(channelCountKey(bucket.id), counted),
      ],
      writes: [
        put(key, encodeChannel(channel)),
        put(channelToldKey(bucket.id, settings.id), encodeCount(since)),
        put(channelCountKey(bucket.id), encodeCount(BigInt(count + 1))),
      ],
      appends: [entry(deps, channel, 'channelInsert')],
    };
    return { kind: 'commit', transaction, result: () => channel };
  });
}

/** What was not told yet is not told any more. */
export async function stopChannel(
  deps: NamespaceDeps,
  input: { readonly id: string; readonly resourceId: string },
): Promise<void> {
  const bucketId = watchedBucket(input.resourceId);
  if (bucketId === undefined || !(await removeChannel(deps, { bucketId, id: input.id }))) throw notFound(input.id);
}

/** False when it is not there. */
export async function removeChannel(deps: NamespaceDeps, place: Pick<Channel, 'bucketId' | 'id'>): Promise<boolean> {
  const keys = [channelKey(place.bucketId, place.id), channelCountKey(place.bucketId)];
  return decideAndCommit<boolean>(deps, async () => {
    const [row, counted] = await deps.metadata.get(keys);
    if (row === undefined) return { kind: 'done', result: false };
    return { kind: 'commit', transaction: removal(deps, row, counted), result: () => true };
  });
}

function removal(deps: NamespaceDeps, row: Row, counted: Row | undefined): Transaction {
  const channel = decodeChannel(row.value);
  const countKey = channelCountKey(channel.bucketId);
  const left = countIn(counted) - 1;
  return {
    checks: [unchanged(row.key, row), unchanged(countKey, counted)],
    writes: [
      { kind: 'delete', key: row.key },
      { kind: 'delete', key: channelToldKey(channel.bucketId, channel.id) },
      left > 0 ? put(countKey, encodeCount(BigInt(left))) : { kind: 'delete', key: countKey },
    ],
    appends: [entry(deps, channel, 'channelDelete')],
  };
}

export function channelPolicy({ settings }: NamespaceDeps) {
  return settings.channels ?? { loopback: false, hosts: [] };
}

const countIn = (row: Row | undefined) => (row === undefined ? 0 : Number(decodeCount(row.value)));

const put = (key: Uint8Array, value: Uint8Array) => ({ kind: 'put' as const, key, value });

function entry(deps: NamespaceDeps, { bucket, scopeId, id }: Channel, op: 'channelInsert' | 'channelDelete'): Append {
  return { journal: scopeId, value: encodeJournal({ op, bucket, id, timeMs: deps.clock.nowMs() }) };
}

function notUnique(id: string): StraitError<'invalidArgument'> {
  const message = `Channel id ${id} is not unique in the bucket; stop that channel or take another id.`;
  return new StraitError('invalidArgument', message, { field: 'id', reason: 'channelIdNotUnique' });
}

function tooMany(bucket: BucketName): StraitError<'invalidArgument'> {
  const message = `gs://${bucket} has ${CHANNELS_PER_BUCKET_MAX} channels, the most it may have; stop one.`;
  return new StraitError('invalidArgument', message, { reason: 'invalid' });
}

function notFound(id: string): StraitError<'notFound'> {
  return new StraitError('notFound', `Channel '${id.slice(0, 100)}' not found.`, { what: 'channel' });
}
