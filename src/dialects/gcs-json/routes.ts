/** Where each method of the JSON API answers. */
import { StraitError } from '../../model/errors.ts';
import { createApp, type Route } from '../shared/app.ts';
import type { HttpRequest } from '../shared/http-message.ts';
import { aclMethods } from './acls/methods.ts';
import { callHandler, type Handler } from './api/call.ts';
import type { GcsJsonContext } from './api/context.ts';
import type { MethodId } from './api/document.ts';
import type { Handlers } from './api/handlers.ts';
import { METHODS, type Method } from './api/methods.ts';
import { bucketMethods } from './buckets/methods.ts';
import { cacheMethods } from './caches/methods.ts';
import { channelMethods } from './channels/methods.ts';
import { atAnySite } from './elsewhere/any-site.ts';
import { folderMethods } from './folders/methods.ts';
import { iamMethods } from './iam/methods.ts';
import { managedFolderMethods } from './managed-folders/methods.ts';
import { notificationMethods } from './notifications/methods.ts';
import { getObject } from './objects/get-object.ts';
import { insertObject } from './objects/insert-object.ts';
import { objectMethods } from './objects/methods.ts';
import { operationMethods } from './operations/methods.ts';
import { projectMethods } from './projects/methods.ts';
import { runBatch } from './protocol/batch.ts';
import { gcsJsonErrors } from './protocol/render-error.ts';
import { cancelUpload, continueUpload } from './uploads/resumable-upload.ts';

export const HANDLERS: Handlers = {
  ...aclMethods,
  ...bucketMethods,
  ...cacheMethods,
  ...channelMethods,
  ...folderMethods,
  ...iamMethods,
  ...managedFolderMethods,
  ...notificationMethods,
  ...objectMethods,
  ...operationMethods,
  ...projectMethods,
};

/** Where Node's client with `STORAGE_EMULATOR_HOST` looks, and where everyone else does. */
const ROOTS = ['', '/storage/v1'];
const DOWNLOAD_ROOT = '/download/storage/v1';
const BATCH_PATHS = ['/batch', '/batch/storage/v1', '/batch/storage/v1/', '/batch/storage/v1/:suffix'];

export function gcsJsonRoutes(context: GcsJsonContext): readonly Route[] {
  const serve: Serve = (id, path, handler, verb = METHODS[id].verb) => ({
    method: verb,
    pattern: path,
    operation: id,
    handle: callHandler(METHODS[id], atAnySite(id, handler) as Handler<never>, context),
  });
  const methods = Object.values(METHODS).flatMap((method) =>
    ROOTS.flatMap((root) => pathsOf(method).map((path) => serve(method.id, `${root}${path}`, HANDLERS[method.id]))),
  );
  return [
    ...methods,
    ...METHODS['objects.insert'].uploadPaths.flatMap((path) => [
      serve('objects.insert', path, insertObject),
      serve('objects.insert', `${path}/`, insertObject),
      serve('objects.insert', path, continueUpload, 'PUT'),
      serve('objects.insert', path, cancelUpload, 'DELETE'),
    ]),
    serve('objects.get', `${DOWNLOAD_ROOT}${METHODS['objects.get'].pattern}`, getObject),
    ...batchRoutes(methods),
  ];
}

type Serve = <Id extends MethodId>(id: Id, path: string, handler: Handler<Id>, verb?: string) => Route;

/** A collection's path may end in a slash, as Google accepts it. An object's may not: it could be another name. */
function pathsOf({ id, pattern }: Method): readonly string[] {
  const isCollection = /\.(list|insert)$/.test(id) || id === 'buckets.get';
  return isCollection ? [pattern, `${pattern}/`] : [pattern];
}

function batchRoutes(methods: readonly Route[]): readonly Route[] {
  const app = createApp(methods, gcsJsonErrors);
  const target = {
    call: (request: HttpRequest) => {
      refuseMedia(request);
      return app.handle(request);
    },
    renderError: gcsJsonErrors.render,
  };
  return BATCH_PATHS.map((pattern) => ({
    method: 'POST',
    pattern,
    operation: 'batch',
    handle: (request: HttpRequest) => runBatch(request, target),
  }));
}

function refuseMedia(request: HttpRequest): void {
  const { query } = request.target;
  if (query.get('alt') !== 'media' && !query.has('uploadType')) return;
  const message = 'Uploads and downloads of media are not allowed in batches.';
  throw new StraitError('invalidArgument', message, { field: query.has('uploadType') ? 'uploadType' : 'alt' });
}
