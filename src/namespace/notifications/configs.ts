/** The notification configurations of a bucket: made, shown and deleted, each in one transaction. */
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import type { BucketName } from '../../model/ids.ts';
import type { NotificationConfig, NotificationSettings } from '../../model/notification.ts';
import type { Append, Row } from '../../stores/metadata/port.ts';
import { decideAndCommit } from '../commit-loop.ts';
import type { NamespaceDeps } from '../deps.ts';
import { assertWritable, readBucket } from '../object-access.ts';
import { encodeJournal, type JournalRecord } from '../rows/journal.ts';
import { bucketAliveKey, notificationIdsKey, notificationKey, notificationsOf, notifiedKey } from '../rows/keys.ts';
import { decodeCount, decodeNotification, encodeCount, encodeNotification } from '../rows/notification-row.ts';
import { unchanged } from '../rows/references.ts';
import { assertNotificationSettings, NOTIFICATIONS_PER_BUCKET_MAX, topicName } from '../rules/notification-settings.ts';

/** Everything that happens to the bucket's objects once this has resolved is told, in the order of the journal. */
export async function insertNotification(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly settings: NotificationSettings },
): Promise<NotificationConfig> {
  const settings = { ...input.settings, topic: topicName(input.settings.topic) };
  assertNotificationSettings(settings);
  return decideAndCommit(deps, async () => {
    const bucket = await readBucket(deps.metadata, input.bucket);
    assertWritable(deps, bucket);
    const [alive, ids] = await deps.metadata.get([bucketAliveKey(bucket.id), notificationIdsKey(bucket.id)]);
    if (alive === undefined) return { kind: 'again' };
    if ((await configsOf(deps, bucket)).length >= NOTIFICATIONS_PER_BUCKET_MAX) throw tooMany(bucket.name);
    const id = ids === undefined ? 1 : Number(decodeCount(ids.value)) + 1;
    const config: NotificationConfig = { ...settings, bucket: bucket.name, bucketId: bucket.id, id };
    const told = await deps.metadata.head(bucket.scopeId);
    const transaction = {
      checks: [
        unchanged(bucketAliveKey(bucket.id), alive),
        // Whoever makes one changes it too: there are no more of them than were counted.
        unchanged(notificationIdsKey(bucket.id), ids),
      ],
      writes: [
        put(notificationKey(bucket.id, id), encodeNotification(config)),
        put(notificationIdsKey(bucket.id), encodeCount(BigInt(id))),
        put(notifiedKey(bucket.id, id), encodeCount(told)),
      ],
      appends: [entry(deps, bucket, { op: 'notificationInsert', id })],
    };
    return { kind: 'commit', transaction, result: () => config };
  });
}

export async function getNotification(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly id: string },
): Promise<NotificationConfig> {
  const bucket = await readBucket(deps.metadata, input.bucket);
  return decodeNotification((await readConfig(deps, bucket, input.id)).value);
}

export async function listNotifications(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName },
): Promise<readonly NotificationConfig[]> {
  return configsOf(deps, await readBucket(deps.metadata, input.bucket));
}

/** What happened before is not told any more, even if it was not told yet. */
export async function deleteNotification(
  deps: NamespaceDeps,
  input: { readonly bucket: BucketName; readonly id: string },
): Promise<void> {
  return decideAndCommit(deps, async () => {
    const bucket = await readBucket(deps.metadata, input.bucket);
    assertWritable(deps, bucket);
    const row = await readConfig(deps, bucket, input.id);
    const { id } = decodeNotification(row.value);
    const transaction = {
      checks: [unchanged(row.key, row)],
      writes: [
        { kind: 'delete' as const, key: row.key },
        { kind: 'delete' as const, key: notifiedKey(bucket.id, id) },
      ],
      appends: [entry(deps, bucket, { op: 'notificationDelete', id })],
    };
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

async function configsOf(deps: NamespaceDeps, bucket: Bucket): Promise<readonly NotificationConfig[]> {
  const rows = await deps.metadata.scan(notificationsOf(bucket.id), { limit: NOTIFICATIONS_PER_BUCKET_MAX });
  return rows.map(({ value }) => decodeNotification(value));
}

async function readConfig(deps: NamespaceDeps, bucket: Bucket, id: string): Promise<Row> {
  const key = /^[1-9]\d{0,14}$/.test(id) ? notificationKey(bucket.id, Number(id)) : undefined;
  const [row] = key === undefined ? [] : await deps.metadata.get([key]);
  if (row !== undefined) return row;
  const message = `The specified notification "${id.slice(0, 100)}" does not exist in gs://${bucket.name}.`;
  throw new StraitError('notFound', message, { what: 'notification' });
}

function tooMany(bucket: BucketName): StraitError<'invalidArgument'> {
  const message = `gs://${bucket} has ${NOTIFICATIONS_PER_BUCKET_MAX} notifications, the most it may have; delete one.`;
  return new StraitError('invalidArgument', message, { reason: 'invalid' });
}

const put = (key: Uint8Array, value: Uint8Array) => ({ kind: 'put' as const, key, value });

function entry(
  deps: NamespaceDeps,
  bucket: Bucket,
  record: Pick<Extract<JournalRecord, { op: `notification${string}` }>, 'op' | 'id'>,
): Append {
  const value = encodeJournal({ ...record, bucket: bucket.name, timeMs: deps.clock.nowMs() });
  return { journal: bucket.scopeId, value };
}
