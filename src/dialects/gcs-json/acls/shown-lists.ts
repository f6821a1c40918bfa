import type { Bucket } from '../../../model/bucket.ts';
import { isStraitError } from '../../../model/errors.ts';
import type { BucketName } from '../../../model/ids.ts';
import type { Call } from '../api/call.ts';
import { type Projection, projectionOf } from '../api/decode-params.ts';

/** What an answer shows of objects' access: nothing, or what one of the two knows. */
export interface ShownLists {
  /** The bucket whose settings say what is shown. */
  readonly listsOf?: Bucket;
  /** Lists are shown, and another site keeps them. */
  readonly areElsewhere?: true;
}

/** Whether the answer shows access lists: as the request asks, else as `absent` says. */
export async function shownLists(call: Call, name: BucketName, absent: Projection): Promise<ShownLists> {
  if (projectionOf(call, absent) === 'noAcl') return {};
  const { namespace } = call.context;
  try {
    if ((await namespace.ownerElsewhere(name)) !== undefined) return { areElsewhere: true };
    return { listsOf: await namespace.getBucket({ name, preconditions: {} }) };
  } catch (error) {
    // What was made or changed is told even if its bucket has gone meanwhile.
    if (isStraitError(error, 'bucketNotFound')) return {};
    throw error;
  }
}
