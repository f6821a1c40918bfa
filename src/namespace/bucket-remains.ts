import type { BucketId } from '../model/ids.ts';
import type { Check, MetadataView, Write } from '../stores/metadata/port.ts';
import { notificationIdsKey, notificationsOf, notifiedKey } from './rows/keys.ts';
import { decodeNotification } from './rows/notification-row.ts';
import { bucketPolicyPlace, policyWrites, readPolicy } from './rows/policy-rows.ts';
import { unchanged } from './rows/references.ts';
import { NOTIFICATIONS_PER_BUCKET_MAX } from './rules/notification-settings.ts';

/** What ends with a bucket: its policy and its notification configurations. A soft-deleted one keeps them. */
export async function endOfRemains(
  view: MetadataView,
  id: BucketId,
): Promise<{ readonly checks: readonly Check[]; readonly writes: readonly Write[] }> {
  const place = bucketPolicyPlace(id);
  const { parts } = await readPolicy(view, place);
  const idsKey = notificationIdsKey(id);
  const [ids] = await view.get([idsKey]);
  const configs = await view.scan(notificationsOf(id), { limit: NOTIFICATIONS_PER_BUCKET_MAX });
  const keys = configs.flatMap(({ key, value }) => [key, notifiedKey(id, decodeNotification(value).id)]);
  if (ids !== undefined) keys.push(idsKey);
  return {
    // Whoever makes a configuration meanwhile writes it.
    checks: [unchanged(idsKey, ids)],
    writes: [...policyWrites(place, [], parts), ...keys.map((key) => ({ kind: 'delete' as const, key }))],
  };
}
