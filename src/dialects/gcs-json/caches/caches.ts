/** The methods of caches, which both families share. */
import type { Cache, CacheFamily } from '../../../model/cache.ts';
import type { Operation } from '../../../model/operation.ts';
import type { GivenCache } from '../../../namespace/caches.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { pageResults } from '../api/decode-params.ts';
import { renderTime } from '../objects/render-object.ts';
import { renderOperation } from '../operations/render-operation.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { renderJson } from '../protocol/render-json.ts';

type Id<Name extends string> = `anywhereCaches.${Name}` | `rapidCaches.${Name}`;

export async function insertCache(call: Call<Id<'insert'>>): Promise<HttpReply> {
  const address = { family: familyOf(call), bucket: call.required('bucket') };
  return showOperation(call, await call.context.namespace.insertCache({ ...address, given: givenCache(call.body) }));
}

export async function getCache(call: Call<Id<'get'>>): Promise<HttpReply> {
  return showCache(call, await call.context.namespace.getCache(addressOf(call)));
}

export async function listCaches(call: Call<Id<'list'>>): Promise<HttpReply> {
  const family = familyOf(call);
  const pageToken = call.text('pageToken');
  const { caches, nextAfter } = await call.context.namespace.listCaches({
    family,
    bucket: call.required('bucket'),
    maxResults: pageResults(call.integer('pageSize')),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const page = {
    kind: `storage#${family}Caches`,
    ...(nextAfter === undefined ? {} : { nextPageToken: encodePageToken({ kind: 'item', name: nextAfter }) }),
    ...(caches.length === 0 ? {} : { items: caches.map((cache) => renderCache(cache, call.request.origin)) }),
  };
  return renderJson(page, call.form);
}

export async function updateCache(call: Call<Id<'update'>>): Promise<HttpReply> {
  const input = { address: addressOf(call), given: givenCache(call.body) };
  return showOperation(call, await call.context.namespace.updateCache(input));
}

export async function pauseCache(call: Call<'anywhereCaches.pause'>): Promise<HttpReply> {
  return showCache(call, await call.context.namespace.pauseCache(addressOf(call)));
}

export async function resumeCache(call: Call<'anywhereCaches.resume'>): Promise<HttpReply> {
  return showCache(call, await call.context.namespace.resumeCache(addressOf(call)));
}

export async function disableCache(call: Call<'anywhereCaches.disable'>): Promise<HttpReply> {
  return showCache(call, await call.context.namespace.disableCache(addressOf(call)));
}

export async function disableRapidCache(call: Call<'rapidCaches.disable'>): Promise<HttpReply> {
  return showOperation(call, await call.context.namespace.disableRapidCache(addressOf(call)));
}

function familyOf({ method }: Call): CacheFamily {
  return method.id.startsWith('anywhereCaches.') ? 'anywhere' : 'rapid';
}

function addressOf(call: Call<Id<'get'> | Id<'update'> | Id<'disable'> | 'anywhereCaches.pause'>) {
  const family = familyOf(call);
  const id = call.required(family === 'anywhere' ? 'anywhereCacheId' : 'rapidCacheId');
  return { family, bucket: call.required('bucket'), id };
}

/** `null` says nothing: a cache has no setting that could be removed. */
function givenCache(body: Resource): GivenCache {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

function showCache(call: Call<never>, cache: Cache): HttpReply {
  return renderJson(renderCache(cache, call.request.origin), call.form);
}

function showOperation(call: Call<never>, operation: Operation): HttpReply {
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}

function renderCache(cache: Cache, origin: string): Resource {
  const { family, id, bucket, zone, cacheType, state, admissionPolicy, ingestOnWrite } = cache;
  return {
    kind: `storage#${family}Cache`,
    id: `${cache.project}/${bucket}/${id}`,
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/${family}Caches/${id}`,
    bucket,
    [`${family}CacheId`]: id,
    zone,
    ...(cacheType === undefined ? {} : { cacheType }),
    state,
    ttl: `${cache.ttlSeconds}s`,
    admissionPolicy,
    ingestOnWrite,
    pendingUpdate: cache.pendingUpdate !== undefined,
    createTime: renderTime(cache.createdMs),
    updateTime: renderTime(cache.updatedMs),
  };
}
