/** The methods of HMAC keys. */
import type { HmacKey } from '../../../model/hmac-key.ts';
import type { HmacKeyPosition } from '../../../namespace/hmac-keys.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { renderTime } from '../objects/render-object.ts';
import { bucketEtag } from '../protocol/etag.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';

const PAGE_KEYS_MAX = 250;

export async function createHmacKey(call: Call<'projects.hmacKeys.create'>): Promise<HttpReply> {
  const { key, secret } = await call.context.namespace.createHmacKey({
    project: call.required('projectId'),
    serviceAccountEmail: call.required('serviceAccountEmail'),
  });
  return renderJson({ kind: 'storage#hmacKey', metadata: renderHmacKey(key, call.request.origin), secret }, call.form);
}

export async function getHmacKey(call: Call<'projects.hmacKeys.get'>): Promise<HttpReply> {
  const key = await call.context.namespace.getHmacKey(addressOf(call));
  return renderJson(renderHmacKey(key, call.request.origin), call.form);
}

export async function listHmacKeys(call: Call<'projects.hmacKeys.list'>): Promise<HttpReply> {
  const serviceAccountEmail = call.text('serviceAccountEmail');
  const pageToken = call.text('pageToken');
  const { keys, nextAfter } = await call.context.namespace.listHmacKeys({
    project: call.required('projectId'),
    ...(serviceAccountEmail === undefined ? {} : { serviceAccountEmail }),
    showDeleted: call.flag('showDeletedKeys'),
    maxResults: Math.min(call.integer('maxResults') || PAGE_KEYS_MAX, PAGE_KEYS_MAX),
    ...(pageToken === undefined ? {} : { after: decodePosition(pageToken) }),
  });
  const items = keys.map((key) => renderHmacKey(key, call.request.origin));
  const page = {
    kind: 'storage#hmacKeysMetadata',
    ...(nextAfter === undefined ? {} : { nextPageToken: encodePosition(nextAfter) }),
    ...(items.length === 0 ? {} : { items }),
  };
  return renderJson(page, call.form);
}

export async function updateHmacKey(call: Call<'projects.hmacKeys.update'>): Promise<HttpReply> {
  const { state, etag } = call.body;
  const key = await call.context.namespace.updateHmacKey({
    address: addressOf(call),
    state: typeof state === 'string' ? state : undefined,
    ...(typeof etag === 'string' ? { etag } : {}),
    etagOf,
  });
  return renderJson(renderHmacKey(key, call.request.origin), call.form);
}

export async function deleteHmacKey(call: Call<'projects.hmacKeys.delete'>): Promise<HttpReply> {
  await call.context.namespace.deleteHmacKey(addressOf(call));
  return NO_CONTENT;
}

function addressOf(call: Call<'projects.hmacKeys.get' | 'projects.hmacKeys.update' | 'projects.hmacKeys.delete'>) {
  return { project: call.required('projectId'), accessId: call.required('accessId') };
}

function renderHmacKey(key: HmacKey, origin: string): Resource {
  const { accessId, project, serviceAccountEmail, state } = key;
  return {
    kind: 'storage#hmacKeyMetadata',
    id: `${project}/${accessId}`,
    selfLink: `${origin}/storage/v1/projects/${encodeURIComponent(project)}/hmacKeys/${accessId}`,
    accessId,
    projectId: project,
    serviceAccountEmail,
    state,
    timeCreated: renderTime(key.timeCreatedMs),
    updated: renderTime(key.updatedMs),
    etag: etagOf(key),
  };
}

function etagOf({ revision }: HmacKey): string {
  return bucketEtag(BigInt(revision));
}

/** An address has no slash. */
function encodePosition({ serviceAccountEmail, accessId }: HmacKeyPosition): string {
  return encodePageToken({ kind: 'item', name: `${serviceAccountEmail}/${accessId}` });
}

function decodePosition(pageToken: string): HmacKeyPosition {
  const [serviceAccountEmail = '', accessId = ''] = decodePageToken(pageToken).name.split('/');
  return { serviceAccountEmail, accessId };
}
