/** The methods of folders. */
import type { Folder } from '../../../model/folder.ts';
import type { FolderAddress } from '../../../namespace/folders/folders.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { invalidParameter, requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { pageResults } from '../api/decode-params.ts';
import { metagenerationPreconditions, sourcePreconditions } from '../api/preconditions.ts';
import { renderTime } from '../objects/render-object.ts';
import { renderOperation } from '../operations/render-operation.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';

export async function insertFolder(call: Call<'folders.insert'>): Promise<HttpReply> {
  const { name } = call.body;
  if (typeof name !== 'string' || name === '') throw requiredParameter('name');
  const address = { bucket: call.required('bucket'), name };
  const folder = await call.context.namespace.insertFolder({ address, isRecursive: call.flag('recursive') });
  return renderJson(renderFolder(folder, call.request.origin), call.form);
}

export async function getFolder(call: Call<'folders.get'>): Promise<HttpReply> {
  const preconditions = metagenerationPreconditions(call);
  const folder = await call.context.namespace.getFolder({ address: addressOf(call), preconditions });
  return renderJson(renderFolder(folder, call.request.origin), call.form);
}

export async function listFolders(call: Call<'folders.list'>): Promise<HttpReply> {
  const delimiter = call.text('delimiter') ?? '';
  if (delimiter !== '' && delimiter !== '/') throw invalidParameter('delimiter', "The only delimiter is '/'.");
  const pageToken = call.text('pageToken');
  const { folders, nextAfter } = await call.context.namespace.listFolders({
    bucket: call.required('bucket'),
    prefix: call.text('prefix') ?? '',
    isOneLevel: delimiter === '/',
    startOffset: call.text('startOffset') ?? '',
    endOffset: call.text('endOffset') ?? '',
    maxResults: pageResults(call.integer('pageSize')),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const items = folders.map((folder) => renderFolder(folder, call.request.origin));
  const page = {
    kind: 'storage#folders',
    ...(nextAfter === undefined ? {} : { nextPageToken: encodePageToken({ kind: 'folder', name: nextAfter }) }),
    ...(items.length === 0 ? {} : { items }),
  };
  return renderJson(page, call.form);
}

export async function deleteFolder(call: Call<'folders.delete'>): Promise<HttpReply> {
  const preconditions = metagenerationPreconditions(call);
  await call.context.namespace.deleteFolder({ address: addressOf(call), preconditions });
  return NO_CONTENT;
}

export async function deleteFolderRecursive(call: Call<'folders.deleteRecursive'>): Promise<HttpReply> {
  const preconditions = metagenerationPreconditions(call);
  const operation = await call.context.namespace.deleteFolderRecursive({ address: addressOf(call), preconditions });
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}

export async function renameFolder(call: Call<'folders.rename'>): Promise<HttpReply> {
  const operation = await call.context.namespace.renameFolder({
    bucket: call.required('bucket'),
    source: call.required('sourceFolder'),
    destination: call.required('destinationFolder'),
    sourcePreconditions: sourcePreconditions(call),
  });
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}

function addressOf(call: Call<'folders.get' | 'folders.delete' | 'folders.deleteRecursive'>): FolderAddress {
  return { bucket: call.required('bucket'), name: call.required('folder') };
}

function renderFolder({ bucket, name, ...folder }: Folder, origin: string): Resource {
  return {
    kind: 'storage#folder',
    id: `${bucket}/${name}`,
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/folders/${encodeURIComponent(name)}`,
    name,
    bucket,
    metageneration: folder.metageneration.toString(),
    createTime: renderTime(folder.timeCreatedMs),
    updateTime: renderTime(folder.updatedMs),
  };
}
