import type { BucketName } from '../model/ids.ts';
import type { NamespaceDeps } from './deps.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import { bucketKey } from './rows/keys.ts';

/**
 * Whether who asks something of the bucket has to say which project pays. A site that follows the bucket's owner does
 * not ask: what it answers costs the owner nothing, and what it passes on the owner judges.
 */
export async function isRequesterPays(deps: NamespaceDeps, name: BucketName): Promise<boolean> {
  const [row] = await deps.metadata.get([bucketKey(name)]);
  if (row === undefined) return false;
  const { owner, settings } = decodeBucket(row.value);
  return owner === deps.settings.site && Object(settings['billing']).requesterPays === true;
}
