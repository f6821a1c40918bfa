/** The methods of managed folders, but those of their policies. */
import type { ManagedFolder, RapidCachePolicy } from '../../../model/managed-folder.ts';
import type { ManagedFolderAddress } from '../../../namespace/managed-folders.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { requiredParameter } from '../api/bad-input.ts';
import { isObject, type Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { pageResults } from '../api/decode-params.ts';
import { metagenerationPreconditions } from '../api/preconditions.ts';
import { renderTime } from '../objects/render-object.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';

export async function insertManagedFolder(call: Call<'managedFolders.insert'>): Promise<HttpReply> {
  const { name } = call.body;
  if (typeof name !== 'string' || name === '') throw requiredParameter('name');
  const folder = await call.context.namespace.insertManagedFolder({
    address: { bucket: call.required('bucket'), name },
    cachePolicies: patchedPolicies(new Map(), call.body),
  });
  return show(call, folder);
}

export async function getManagedFolder(call: Call<'managedFolders.get'>): Promise<HttpReply> {
  const preconditions = metagenerationPreconditions(call);
  return show(call, await call.context.namespace.getManagedFolder({ address: addressOf(call), preconditions }));
}

export async function listManagedFolders(call: Call<'managedFolders.list'>): Promise<HttpReply> {
  const pageToken = call.text('pageToken');
  const { folders, nextAfter } = await call.context.namespace.listManagedFolders({
    bucket: call.required('bucket'),
    prefix: call.text('prefix') ?? '',
    maxResults: pageResults(call.integer('pageSize')),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const page = {
    kind: 'storage#managedFolders',
    ...(nextAfter === undefined ? {} : { nextPageToken: encodePageToken({ kind: 'item', name: nextAfter }) }),
    ...(folders.length === 0
      ? {}
      : { items: folders.map((folder) => renderManagedFolder(folder, call.request.origin)) }),
  };
  return renderJson(page, call.form);
}

export async function updateManagedFolder(call: Call<'managedFolders.update'>): Promise<HttpReply> {
  const folder = await call.context.namespace.changeManagedFolder({
    address: addressOf(call),
    preconditions: metagenerationPreconditions(call),
    change: ({ cachePolicies }) => patchedPolicies(cachePolicies, call.body),
  });
  return show(call, folder);
}

export async function deleteManagedFolder(call: Call<'managedFolders.delete'>): Promise<HttpReply> {
  await call.context.namespace.deleteManagedFolder({
    address: addressOf(call),
    preconditions: metagenerationPreconditions(call),
    allowNonEmpty: call.flag('allowNonEmpty'),
  });
  return NO_CONTENT;
}

function addressOf(
  call: Call<'managedFolders.get' | 'managedFolders.update' | 'managedFolders.delete'>,
): ManagedFolderAddress {
  return { bucket: call.required('bucket'), name: call.required('managedFolder') };
}

/** Objects merge, `null` removes (RFC 7396). */
function patchedPolicies(
  current: ReadonlyMap<string, RapidCachePolicy>,
  { rapidCacheConfig: config }: Resource,
): ReadonlyMap<string, RapidCachePolicy> {
  if (config === null) return new Map();
  if (!isObject(config)) return current;
  const { policies } = config;
  if (policies === null) return new Map();
  const patched = new Map(current);
  for (const [cacheId, policy] of Object.entries(isObject(policies) ? policies : {})) {
    if (isObject(policy)) patched.set(cacheId, withoutNull({ ...current.get(cacheId), ...policy }));
    else patched.delete(cacheId);
  }
  return patched;
}

function withoutNull(fields: Resource): RapidCachePolicy {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function show(
  call: Call<'managedFolders.insert'> | Call<'managedFolders.get'> | Call<'managedFolders.update'>,
  folder: ManagedFolder,
): HttpReply {
  return renderJson(renderManagedFolder(folder, call.request.origin), call.form);
}

function renderManagedFolder(folder: ManagedFolder, origin: string): Resource {
  const { bucket, name, metageneration, cachePolicies } = folder;
  const path = `${encodeURIComponent(bucket)}/managedFolders/${encodeURIComponent(name)}`;
  return {
    kind: 'storage#managedFolder',
    id: `${bucket}/${name}`,
    selfLink: `${origin}/storage/v1/b/${path}`,
    name,
    bucket,
    metageneration: metageneration.toString(),
    createTime: renderTime(folder.timeCreatedMs),
    updateTime: renderTime(folder.updatedMs),
    ...(cachePolicies.size === 0 ? {} : { rapidCacheConfig: { policies: Object.fromEntries(cachePolicies) } }),
  };
}
