import type { Bucket } from '../../../model/bucket.ts';
import { isStraitError } from '../../../model/errors.ts';
import type { BucketName } from '../../../model/ids.ts';
import { knowsLists } from '../../../namespace/rules/access.ts';
import type { Call } from '../api/call.ts';
import { type Projection, projectionOf } from '../api/decode-params.ts';

/** The bucket whose settings say what is shown of an object's access; absent when nothing is. */
export interface ShownLists {
  readonly listsOf?: Bucket;
}

/** Whether the answer shows access lists: as the request asks, else as `absent` says. */
export async function shownLists(call: Call, name: BucketName, absent: Projection): Promise<ShownLists> {
  if (projectionOf(call, absent) === 'noAcl') return {};
  try {
    const bucket = await call.context.namespace.getBucket({ name, preconditions: {} });
    return knowsLists(bucket) ? { listsOf: bucket } : {};
  } catch (error) {
    // What was made or changed is told even if its bucket has gone meanwhile.
    if (isStraitError(error, 'bucketNotFound')) return {};
    throw error;
  }
}
