/** A call passed on to the owner of its bucket, and the owner's answer told as this site's own. */
import { StraitError } from '../../../model/errors.ts';
import type { NamedObject } from '../../../model/object.ts';
import type { OwnerReads, ResourceAnswer, ResourceRequest } from '../../../sync/owner-reads.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { generationOf } from '../api/decode-params.ts';
import type { MethodId } from '../api/document.ts';
import { judgeEtag } from '../api/preconditions.ts';
import { JSON_HEADERS, renderJson } from '../protocol/render-json.ts';

/** Answers with an entity tag in the header. */
const TAGGED: ReadonlySet<MethodId> = new Set(['buckets.get', 'objects.get']);

/** Shaped and selected here, so that `fields` and `prettyPrint` mean what they mean everywhere at this site. */
export async function askOwner(call: Call): Promise<HttpReply> {
  const { request } = call;
  const shown = await shownVersion(call);
  const answer = await ownerOf(call).ask(requestOf(call, shown), request.signal);
  if (answer.status === 304) return { status: 304, headers: {} };
  if (answer.status === 404 && shown !== undefined) await assertStillThere(call, shown);
  if (answer.status !== 200) return renderRefusal(answer);
  const resource = withLinksTo(request.origin, answer.resource);
  const { etag } = resource;
  if (!TAGGED.has(call.method.id) || typeof etag !== 'string') return renderJson(resource, call.form);
  if (judgeEtag(call, etag)) return { status: 304, headers: { ETag: etag } };
  return renderJson(resource, call.form, { ETag: etag });
}

export function ownerOf({ context, method }: Pick<Call, 'context' | 'method'>): OwnerReads {
  if (context.owner !== undefined) return context.owner;
  const message =
    `What ${method.id} tells of this bucket is asked of its owner, whom this site does not follow now; ` +
    'start it with --cloud again.';
  throw new StraitError('unavailable', message, {});
}

/** Of an object the version is meant that this site shows, whatever its owner has by now. */
async function shownVersion(call: Call): Promise<NamedObject | undefined> {
  const name = call.text('object');
  if (name === undefined || call.flag('softDeleted')) return undefined;
  const given = generationOf(call, 'generation');
  const address = { bucket: call.required('bucket'), name, ...(given === undefined ? {} : { generation: given }) };
  return await call.context.namespace.getObject({ address, preconditions: {} });
}

function requestOf(call: Call, shown: NamedObject | undefined): ResourceRequest {
  const path = call.method.pattern
    .split('/')
    .slice(1)
    .map((segment) => (segment.startsWith(':') ? call.required(segment.slice(1) as 'bucket') : segment));
  if (shown === undefined) return { path, query: call.query() };
  const others = call.query().filter(([name]) => name !== 'generation');
  return { path, query: [...others, ['generation', shown.state.generation.toString()]] };
}

/** What was not found may have been something of the object, such as an entry of its list. */
async function assertStillThere(call: Call, shown: NamedObject): Promise<void> {
  const { bucket, name, state } = shown;
  const query = [
    ['generation', state.generation.toString()] as const,
    ['fields', 'generation'] as const,
    ...payer(call),
  ];
  answered(await ownerOf(call).ask({ path: ['b', bucket, 'o', name], query }, call.request.signal), shown);
}

/** Whose project pays, in every question for one call. */
export function payer(call: Call): ResourceRequest['query'] {
  return call.query().filter(([name]) => name === 'userProject');
}

function renderRefusal(answer: ResourceAnswer): HttpReply {
  const body = Buffer.from(JSON.stringify(answer.resource, undefined, 2));
  return { status: answer.status, headers: { ...JSON_HEADERS, 'Content-Length': body.length }, body };
}

/** What the owner said of a version that this site shows, or of a listing: anything but an answer is `unavailable`. */
export function answered({ status, resource }: ResourceAnswer, shown?: NamedObject): Resource {
  if (status === 200) return resource;
  if (status === 404 && shown !== undefined) throw noLongerThere(shown);
  const { message } = Object(resource['error']);
  throw new StraitError('unavailable', `The owner of the bucket refuses this site's question: ${message}`, {});
}

/** Never a 404: the object is shown, and listed. */
function noLongerThere({ bucket, name, state }: NamedObject): StraitError<'unavailable'> {
  const message =
    `The owner of gs://${bucket}/${name} no longer has generation ${state.generation}, which this site still shows: ` +
    'what it alone knew of it is gone. Ask again when this site has caught up.';
  return new StraitError('unavailable', message, {});
}

const LINKS = new Set(['selfLink', 'mediaLink']);
/** Where resources stand in others. Custom metadata is the client's, whatever its keys. */
const NESTED = new Set(['acl', 'defaultObjectAcl', 'items', 'operations']);

/** Links of the resource, and of those in it, lead to whoever answered. */
export function withLinksTo(origin: string, resource: Resource): Resource {
  return Object.fromEntries(
    Object.entries(resource).map(([key, value]) => {
      if (LINKS.has(key)) return [key, linkTo(origin, value)];
      const isNested = NESTED.has(key) && Array.isArray(value);
      return [key, isNested ? value.map((one) => withLinksTo(origin, one as Resource)) : value];
    }),
  );
}

/** Path and query are the same everywhere. */
function linkTo(origin: string, link: unknown): unknown {
  return typeof link === 'string' ? link.replace(/^https?:\/\/[^/]+/, origin) : link;
}
