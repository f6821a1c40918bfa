/** Each method at a site that does not own the bucket: refused, asked of the owner, or left to its handler. */
import { StraitError } from '../../../model/errors.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Call, Handler } from '../api/call.ts';
import type { MethodId } from '../api/document.ts';
import { askOwner } from './ask-owner.ts';
import { STANDING } from './standing.ts';

/** The handler as it answers at any site. At the owner of the bucket it is the handler itself. */
export function atAnySite<Id extends MethodId>(id: Id, handler: Handler<Id>): Handler<Id> {
  const standing = STANDING[id];
  if (standing === 'own') return handler;
  return async (call) => {
    const elsewhere = await answerElsewhere(call as unknown as Call);
    return elsewhere ?? handler(call);
  };
}

async function answerElsewhere(call: Call): Promise<HttpReply | undefined> {
  const { id } = call.method;
  const standing = STANDING[id];
  if (standing === 'refused') {
    await refuseElsewhere(call);
    return undefined;
  }
  if (standing === 'shown' && !isPastOrFull(call)) return undefined;
  if (isOfDeletedBuckets(call)) return call.context.owner === undefined ? undefined : asked(call);
  const owner = await call.context.namespace.ownerElsewhere(call.required('bucket'));
  return owner === undefined ? undefined : asked(call);
}

function asked(call: Call): Promise<HttpReply> {
  return call.context.pages.buildElsewhere(() => askOwner(call));
}

/** What rows here do not have: versions that can be restored, and a bucket's lists. */
function isPastOrFull(call: Call): boolean {
  switch (call.method.id) {
    case 'buckets.get':
      return call.flag('softDeleted') || call.text('projection') === 'full';
    case 'buckets.list':
    case 'objects.get':
    case 'objects.list':
      return call.flag('softDeleted');
    default:
      return false;
  }
}

/** A deleted bucket has no row here that would say whose it was: at a site that follows a cloud it was the cloud's. */
function isOfDeletedBuckets(call: Call): boolean {
  return call.method.id === 'buckets.list' || (call.method.id === 'buckets.get' && call.flag('softDeleted'));
}

async function refuseElsewhere(call: Call): Promise<void> {
  const { owner, namespace } = call.context;
  // At a site that follows nobody the namespace itself refuses.
  if (owner === undefined) return;
  const { id } = call.method;
  const name = call.text('destinationBucket') ?? call.text('bucket') ?? String(call.body['name'] ?? '');
  const isNew = id === 'buckets.insert' || id === 'buckets.restore';
  const site = isNew ? 'cloud' : await namespace.ownerElsewhere(name);
  if (site === undefined) return;
  const message =
    `gs://${name} is owned by ${site}; write there, at ${owner.endpoint}: ` +
    `this site follows it, and ${id} would change it.`;
  throw new StraitError('permissionDenied', message, { owner: site });
}
