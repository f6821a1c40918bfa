/** Which method of the JSON API answers which path. */
import { StraitError } from '../../model/errors.ts';
import { createApp, type Route } from '../shared/app.ts';
import type { HttpReply, HttpRequest } from '../shared/http-message.ts';
import type { Params } from '../shared/router.ts';
import type { GcsJsonContext } from './api/context.ts';
import {
  deleteBucket,
  getBucket,
  getStorageLayout,
  insertBucket,
  listBuckets,
  listManagedFolders,
  patchBucket,
  updateBucket,
} from './buckets/buckets.ts';
import { deleteObject, patchObject, updateObject } from './objects/change-object.ts';
import { composeObject, copyObject, moveObject, rewriteObject } from './objects/copy-object.ts';
import { getObject } from './objects/get-object.ts';
import { insertObject } from './objects/insert-object.ts';
import { listObjects } from './objects/list-objects.ts';
import { runBatch } from './protocol/batch.ts';
import { gcsJsonErrors } from './protocol/render-error.ts';
import { cancelUpload, continueUpload } from './uploads/resumable-upload.ts';

type Method = (context: GcsJsonContext, request: HttpRequest, params: Params) => Promise<HttpReply>;
type Row = readonly [verb: string, pattern: string, operation: string, run: Method];

/** A collection's path may end in a slash, as Google accepts it. An object's may not: it could be another name. */
const METHODS: readonly Row[] = [
  ['GET', '/b', 'buckets.list', listBuckets],
  ['GET', '/b/', 'buckets.list', listBuckets],
  ['POST', '/b', 'buckets.insert', insertBucket],
  ['POST', '/b/', 'buckets.insert', insertBucket],
  ['GET', '/b/:bucket', 'buckets.get', getBucket],
  ['GET', '/b/:bucket/', 'buckets.get', getBucket],
  ['PATCH', '/b/:bucket', 'buckets.patch', patchBucket],
  ['PUT', '/b/:bucket', 'buckets.update', updateBucket],
  ['DELETE', '/b/:bucket', 'buckets.delete', deleteBucket],
  ['GET', '/b/:bucket/storageLayout', 'buckets.getStorageLayout', getStorageLayout],
  ['GET', '/b/:bucket/managedFolders', 'managedFolders.list', listManagedFolders],
  ['GET', '/b/:bucket/o', 'objects.list', listObjects],
  ['GET', '/b/:bucket/o/', 'objects.list', listObjects],
  ['POST', '/b/:bucket/o', 'objects.insert', insertElsewhere],
  ['GET', '/b/:bucket/o/:object', 'objects.get', getObject],
  ['PATCH', '/b/:bucket/o/:object', 'objects.patch', patchObject],
  ['PUT', '/b/:bucket/o/:object', 'objects.update', updateObject],
  ['DELETE', '/b/:bucket/o/:object', 'objects.delete', deleteObject],
  ['POST', '/b/:bucket/o/:object/compose', 'objects.compose', composeObject],
  ['POST', '/b/:bucket/o/:object/moveTo/o/:destinationObject', 'objects.move', moveObject],
  ['POST', '/b/:bucket/o/:object/copyTo/b/:destinationBucket/o/:destinationObject', 'objects.copy', copyObject],
  [
    'POST',
    '/b/:bucket/o/:object/rewriteTo/b/:destinationBucket/o/:destinationObject',
    'objects.rewrite',
    rewriteObject,
  ],
];

const UPLOADS: readonly Row[] = [
  ['POST', '/b/:bucket/o', 'objects.insert', insertObject],
  ['POST', '/b/:bucket/o/', 'objects.insert', insertObject],
  ['PUT', '/b/:bucket/o', 'objects.insert', (context, request) => continueUpload(context, request)],
  ['DELETE', '/b/:bucket/o', 'objects.insert', (context, request) => cancelUpload(context, request)],
];

const DOWNLOADS: readonly Row[] = [['GET', '/b/:bucket/o/:object', 'objects.get', getObject]];

/** Where Node's client with `STORAGE_EMULATOR_HOST` looks, and where everyone else does. */
const ROOTS = ['', '/storage/v1'];
const UPLOAD_ROOTS = ['/upload/storage/v1', '/resumable/upload/storage/v1'];
const BATCH_PATHS = ['/batch', '/batch/storage/v1', '/batch/storage/v1/', '/batch/storage/v1/:suffix'];

export function gcsJsonRoutes(context: GcsJsonContext): readonly Route[] {
  const methods = ROOTS.flatMap((root) => bind(context, root, METHODS));
  const batchApp = createApp(methods, gcsJsonErrors);
  const batchTarget = {
    call: (request: HttpRequest) => {
      refuseMedia(request);
      return batchApp.handle(request);
    },
    renderError: gcsJsonErrors.render,
  };
  return [
    ...methods,
    ...UPLOAD_ROOTS.flatMap((root) => bind(context, root, UPLOADS)),
    ...bind(context, '/download/storage/v1', DOWNLOADS),
    ...BATCH_PATHS.map((pattern) => ({
      method: 'POST',
      pattern,
      operation: 'batch',
      handle: (request: HttpRequest) => runBatch(request, batchTarget),
    })),
  ];
}

function bind(context: GcsJsonContext, root: string, rows: readonly Row[]): readonly Route[] {
  return rows.map(([method, pattern, operation, run]) => ({
    method,
    pattern: `${root}${pattern}`,
    operation,
    handle: (request, params) => run(context, request, params),
  }));
}

/** The plain path takes no media: GCS answers `wrongUrlForUpload`. With an `uploadType` the meaning is clear. */
async function insertElsewhere(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  if (request.target.query.has('uploadType')) return await insertObject(context, request, params);
  const message = `Upload requests must be uploaded to the ${request.origin}/upload/storage/v1/* URL.`;
  throw new StraitError('invalidArgument', message, { reason: 'invalid' });
}

function refuseMedia(request: HttpRequest): void {
  const { query } = request.target;
  if (query.get('alt') !== 'media' && !query.has('uploadType')) return;
  const message = 'Uploads and downloads of media are not allowed in batches.';
  throw new StraitError('invalidArgument', message, { field: query.has('uploadType') ? 'uploadType' : 'alt' });
}
