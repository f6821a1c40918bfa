/** The methods of buckets. */
import type { Bucket } from '../../../model/bucket.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import {
  bucketPreconditions,
  maxResultsParam,
  type Projection,
  projectionParam,
  requiredParameter,
  textParam,
} from '../api/decode-params.ts';
import { below, isSelected, type Selection, select } from '../api/fields.ts';
import { BUCKET_NAMES, BUCKETS_NAMES, MANAGED_FOLDERS_NAMES, STORAGE_LAYOUT_NAMES } from '../api/resources.ts';
import { readResource } from '../objects/change-object.ts';
import { judgeEtag } from '../objects/get-object.ts';
import { bucketEtag } from '../protocol/etag.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { answerForm, JSON_HEADERS, NO_CONTENT, renderJson, renderPage } from '../protocol/render-json.ts';
import { decodeBucket, patchedBucket, replacedBucket } from './decode-bucket.ts';
import { renderBucket, renderStorageLayout } from './render-bucket.ts';

export async function insertBucket(context: GcsJsonContext, request: HttpRequest): Promise<HttpReply> {
  const form = answerForm(request, BUCKET_NAMES);
  const project = textParam(request.target.query, 'project');
  if (project === undefined) throw requiredParameter('project');
  projectionParam(request.target.query, 'noAcl');
  const resource = await readResource(request);
  const { name, location, storageClass, settings } = decodeBucket(resource);
  if (name === undefined || name === '') throw requiredParameter('name');
  request.trace.bucket = name;
  const bucket = await context.namespace.insertBucket({ name, project, location, storageClass, settings });
  const hasAcl = resource['acl'] !== undefined || resource['defaultObjectAcl'] !== undefined;
  const projection = projectionParam(request.target.query, hasAcl ? 'full' : 'noAcl');
  return renderJson(renderBucket(bucket, { origin: request.origin, projection }), form);
}

export async function getBucket(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const form = answerForm(request, BUCKET_NAMES);
  const projection = projectionParam(request.target.query, 'noAcl');
  const preconditions = bucketPreconditions(request, 'read');
  const bucket = await context.namespace.getBucket({ name: params['bucket'] ?? '', preconditions });
  const etag = bucket.etag ?? bucketEtag(bucket.metageneration);
  if (judgeEtag(request, etag)) return { status: 304, headers: { ETag: etag } };
  return renderJson(renderBucket(bucket, { origin: request.origin, projection }), form, { ETag: etag });
}

export async function getStorageLayout(
  context: GcsJsonContext,
  request: HttpRequest,
  params: Params,
): Promise<HttpReply> {
  const form = answerForm(request, STORAGE_LAYOUT_NAMES);
  const bucket = await context.namespace.getBucket({ name: params['bucket'] ?? '', preconditions: {} });
  return renderJson(renderStorageLayout(bucket), form);
}

/** There are no managed folders here, so a bucket has none. `gcloud storage rm -r` asks. */
export async function listManagedFolders(
  context: GcsJsonContext,
  request: HttpRequest,
  params: Params,
): Promise<HttpReply> {
  const form = answerForm(request, MANAGED_FOLDERS_NAMES);
  await context.namespace.getBucket({ name: params['bucket'] ?? '', preconditions: {} });
  return renderJson({ kind: 'storage#managedFolders' }, form);
}

export async function listBuckets(context: GcsJsonContext, request: HttpRequest): Promise<HttpReply> {
  const { query } = request.target;
  const { selection, pretty } = answerForm(request, BUCKETS_NAMES);
  const projection = projectionParam(query, 'noAcl');
  const project = textParam(query, 'project');
  if (project === undefined) throw requiredParameter('project');
  const prefix = textParam(query, 'prefix');
  const pageToken = textParam(query, 'pageToken');
  const { buckets, nextAfter } = await context.namespace.listBuckets({
    project,
    maxResults: maxResultsParam(query),
    ...(prefix === undefined ? {} : { prefix }),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const hasToken = nextAfter !== undefined && isSelected(selection, 'nextPageToken');
  const { origin } = request;
  const items = renderBuckets(buckets, { origin, projection, selection: below(selection, 'items') });
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
}

function* renderBuckets(buckets: readonly Bucket[], context: RenderBucketsContext): Generator<unknown> {
  for (const bucket of buckets) yield select(renderBucket(bucket, context), context.selection);
}

export function patchBucket(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  return changeBucket(context, request, { params, decode: patchedBucket });
}

export function updateBucket(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  return changeBucket(context, request, { params, decode: replacedBucket });
}

interface ChangeParts {
  readonly params: Params;
  readonly decode: typeof patchedBucket;
}

async function changeBucket(context: GcsJsonContext, request: HttpRequest, parts: ChangeParts): Promise<HttpReply> {
  const form = answerForm(request, BUCKET_NAMES);
  const projection = projectionParam(request.target.query, 'full');
  const preconditions = bucketPreconditions(request, 'change');
  const change = parts.decode(await readResource(request));
  const bucket = await context.namespace.changeBucket({ name: parts.params['bucket'] ?? '', preconditions, change });
  return renderJson(renderBucket(bucket, { origin: request.origin, projection }), form);
}

export async function deleteBucket(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const preconditions = bucketPreconditions(request, 'change');
  await context.namespace.deleteBucket({ name: params['bucket'] ?? '', preconditions });
  return NO_CONTENT;
}
