/** The methods of buckets. */
import type { Bucket } from '../../../model/bucket.ts';
import type { BucketName } from '../../../model/ids.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { bucketAccess } from '../acls/decode-access.ts';
import { requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { type Projection, pageResults, projectionOf } from '../api/decode-params.ts';
import { below, isSelected, type Selection, select } from '../api/fields.ts';
import { bucketPreconditions, judgeEtag } from '../api/preconditions.ts';
import { ownersBuckets } from '../elsewhere/owner-lists.ts';
import { renderOperation } from '../operations/render-operation.ts';
import { bucketEtag } from '../protocol/etag.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { JSON_HEADERS, NO_CONTENT, renderJson, renderPage } from '../protocol/render-json.ts';
import { decodeBucket, patchedBucket, replacedBucket } from './decode-bucket.ts';
import { renderBucket, renderStorageLayout } from './render-bucket.ts';

export async function insertBucket(call: Call<'buckets.insert'>): Promise<HttpReply> {
  const { body, context, request } = call;
  const { name, location, storageClass, settings } = decodeBucket(body);
  request.trace.bucket = name;
  const project = call.required('project');
  const access = bucketAccess(call);
  const hasObjectRetention = call.flag('enableObjectRetention');
  const place = { name, project, location, storageClass };
  const bucket = await context.namespace.insertBucket({ ...place, settings, access, hasObjectRetention });
  const hasAcl = body['acl'] !== undefined || body['defaultObjectAcl'] !== undefined;
  const projection = projectionOf(call, hasAcl ? 'full' : 'noAcl');
  return renderJson(renderBucket(bucket, { origin: request.origin, projection }), call.form);
}

export async function getBucket(call: Call<'buckets.get'>): Promise<HttpReply> {
  const preconditions = bucketPreconditions(call, 'read');
  const bucket = await readBucket(call, preconditions);
  const etag = bucket.etag ?? bucketEtag(bucket.metageneration);
  if (judgeEtag(call, etag)) return { status: 304, headers: { ETag: etag } };
  const projection = projectionOf(call, 'noAcl');
  return renderJson(renderBucket(bucket, { origin: call.request.origin, projection }), call.form, { ETag: etag });
}

function readBucket(call: Call<'buckets.get'>, preconditions: Preconditions): Promise<Bucket> {
  const { namespace } = call.context;
  const name = call.required('bucket');
  const generation = call.long('generation');
  if (!call.flag('softDeleted')) {
    return namespace.getBucket({ name, preconditions, ...(generation === undefined ? {} : { generation }) });
  }
  if (generation === undefined) throw requiredParameter('generation');
  return namespace.getSoftDeletedBucket({ name, generation, preconditions });
}

export async function getStorageLayout(call: Call<'buckets.getStorageLayout'>): Promise<HttpReply> {
  const bucket = await call.context.namespace.getBucket({ name: call.required('bucket'), preconditions: {} });
  return renderJson(renderStorageLayout(bucket), call.form);
}

export async function listBuckets(call: Call<'buckets.list'>): Promise<HttpReply> {
  const { selection, pretty } = call.form;
  const projection = projectionOf(call, 'noAcl');
  const prefix = call.text('prefix');
  const pageToken = call.text('pageToken');
  const { namespace } = call.context;
  const list = call.flag('softDeleted') ? namespace.listSoftDeletedBuckets : namespace.listBuckets;
  const { buckets, nextAfter } = await list({
    project: call.required('project'),
    maxResults: pageResults(call.integer('maxResults')),
    ...(prefix === undefined ? {} : { prefix }),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const hasToken = nextAfter !== undefined && isSelected(selection, 'nextPageToken');
  const { origin } = call.request;
  const owners = projection === 'full' ? await ownersBuckets(call, buckets) : undefined;
  const items = renderBuckets(buckets, { origin, projection, owners, selection: below(selection, 'items') });
  const chunks = await renderPage(
    {
      ...(isSelected(selection, 'kind') ? { kind: 'storage#buckets' } : {}),
      ...(hasToken ? { nextPageToken: encodePageToken({ kind: 'item', name: nextAfter }) } : {}),
      prefixes: [],
      items: isSelected(selection, 'items') ? items : [],
    },
    pretty,
  );
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return { status: 200, headers: { ...JSON_HEADERS, 'Content-Length': length }, body: chunks };
}

interface RenderBucketsContext {
  readonly origin: string;
  readonly projection: Projection;
  readonly selection: Selection;
  /** Of buckets that other sites own, as those tell them. */
  readonly owners: ReadonlyMap<BucketName, Resource> | undefined;
}

function* renderBuckets(buckets: readonly Bucket[], context: RenderBucketsContext): Generator<unknown> {
  const { owners, selection } = context;
  for (const bucket of buckets) yield select(owners?.get(bucket.name) ?? renderBucket(bucket, context), selection);
}

export function patchBucket(call: Call<'buckets.patch'>): Promise<HttpReply> {
  const isEmpty = Object.keys(call.body).length === 0 && !hasPredefinedLists(call);
  return changeBucket(call, isEmpty ? () => undefined : patchedBucket(call.body), false);
}

export function updateBucket(call: Call<'buckets.update'>): Promise<HttpReply> {
  return changeBucket(call, replacedBucket(call.body), true);
}

function hasPredefinedLists(call: Call<'buckets.patch'>): boolean {
  return call.text('predefinedAcl') !== undefined || call.text('predefinedDefaultObjectAcl') !== undefined;
}

async function changeBucket(
  call: Call<'buckets.patch' | 'buckets.update'>,
  change: ReturnType<typeof patchedBucket> | (() => undefined),
  isUpdate: boolean,
): Promise<HttpReply> {
  const preconditions = bucketPreconditions(call, 'change');
  const name = call.required('bucket');
  const access = { ...bucketAccess(call), isUpdate };
  const bucket = await call.context.namespace.changeBucket({ name, preconditions, change, access });
  const projection = projectionOf(call, 'full');
  return renderJson(renderBucket(bucket, { origin: call.request.origin, projection }), call.form);
}

export async function lockRetentionPolicy(call: Call<'buckets.lockRetentionPolicy'>): Promise<HttpReply> {
  const name = call.required('bucket');
  if (call.long('ifMetagenerationMatch') === undefined) throw requiredParameter('ifMetagenerationMatch');
  const preconditions = bucketPreconditions(call, 'change');
  const bucket = await call.context.namespace.lockRetentionPolicy({ name, preconditions });
  return renderJson(renderBucket(bucket, { origin: call.request.origin, projection: 'full' }), call.form);
}

export async function deleteBucket(call: Call<'buckets.delete'>): Promise<HttpReply> {
  const preconditions = bucketPreconditions(call, 'change');
  await call.context.namespace.deleteBucket({ name: call.required('bucket'), preconditions });
  return NO_CONTENT;
}

export async function restoreBucket(call: Call<'buckets.restore'>): Promise<HttpReply> {
  const generation = call.long('generation');
  if (generation === undefined) throw requiredParameter('generation');
  const bucket = await call.context.namespace.restoreBucket({ name: call.required('bucket'), generation });
  const projection = projectionOf(call, 'full');
  return renderJson(renderBucket(bucket, { origin: call.request.origin, projection }), call.form);
}

export async function relocateBucket(call: Call<'buckets.relocate'>): Promise<HttpReply> {
  const { validateOnly, ...request } = call.body;
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null));
  const input = { bucket: call.required('bucket'), request: given, validateOnly: validateOnly === true };
  const operation = await call.context.namespace.relocateBucket(input);
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}
