/** IAM policies: JSON text over as many rows as it takes. */
import type { BucketId } from '../../model/ids.ts';
import type { Policy } from '../../model/policy.ts';
import type { MetadataView, Write } from '../../stores/metadata/port.ts';
import { decodeRow, encodeRow } from './codec.ts';
import { policyKey, policyRowsOf } from './keys.ts';

/** What the policy is of: a bucket itself, or one of its managed folders by the 16 hex digits of its id. */
export interface PolicyPlace {
  readonly bucketId: BucketId;
  readonly holder: string;
}

/** No folder has this id. */
const BUCKET_ITSELF = '0'.repeat(16);

export function bucketPolicyPlace(bucketId: BucketId): PolicyPlace {
  return { bucketId, holder: BUCKET_ITSELF };
}

const PART_BYTES = 24 * 1024;
const PARTS_MAX = 1 + Math.ceil((256 * 1024) / PART_BYTES);

export interface ReadPolicy {
  readonly policy: Policy;
  readonly parts: number;
}

/** Empty when none was set. */
export async function readPolicy(view: MetadataView, place: PolicyPlace): Promise<ReadPolicy> {
  const rows = await view.scan(policyRowsOf(place), { limit: PARTS_MAX });
  if (rows.length === 0) return { policy: [], parts: 0 };
  const bytes = rows.map(({ value }) => decodeRow<{ b: Uint8Array }>(value, 'policy').b);
  return { policy: JSON.parse(Buffer.concat(bytes).toString()) as Policy, parts: rows.length };
}

/** `before`: how many parts there are. Its holder's row must be checked and written in the same transaction. */
export function policyWrites(place: PolicyPlace, policy: Policy, before: number): Write[] {
  const bytes = policy.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(policy));
  const writes: Write[] = [];
  for (let part = 0; part * PART_BYTES < bytes.length; part += 1) {
    const b = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    writes.push({ kind: 'put', key: policyKey(place, part), value: encodeRow({ b }) });
  }
  for (let part = writes.length; part < before; part += 1) writes.push({ kind: 'delete', key: policyKey(place, part) });
  return writes;
}
