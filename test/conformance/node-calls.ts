/**
 * What a program written with Google's client for Node does to make each API method be called. `isConditional` says
 * whether its changes carry a precondition, which the client's retries depend on. Methods that the client has no
 * function for (the full updates, ACL patches, objects.copy) are called as programs do then: by the client's `request`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Bucket, File, HmacKey, Notification, Storage } from '@google-cloud/storage';

export interface Resources {
  readonly storage: Storage;
  readonly bucket: Bucket;
  readonly file: File;
  readonly notification: Notification | undefined;
  readonly hmacKey: HmacKey | undefined;
  readonly isConditional: boolean;
}

export type LibraryCall = (resources: Resources) => Promise<unknown>;

const TOPIC = 'projects/test/topics/changes';
export const ENTITY = 'allUsers';
export const FILE_CONTENT = randomBytes(600 * 1024);
const LARGE_CONTENT = randomBytes(9 * 1024 * 1024);
const CHUNK_BYTES = 2 * 1024 * 1024;
const DOWNLOAD_ATTEMPTS_MAX = 5;

const fresh = (prefix: string) => `${prefix}-${randomBytes(6).toString('hex')}`;
const onFile = (yes: boolean, condition: object) => (yes ? condition : {});

interface RawRequest {
  readonly method: string;
  readonly uri: string;
  readonly json?: object;
  readonly qs?: object;
}

/** The client retries a change of its own accord only when it is told that it may. */
function request({ bucket, isConditional }: Resources, raw: RawRequest): Promise<unknown> {
  return bucket.request({ ...raw, ...(isConditional || raw.method === 'GET' ? {} : { maxRetries: 0 }) });
}

const acl = (verb: 'PUT' | 'PATCH', path: (resources: Resources) => string): LibraryCall => {
  const json = { entity: ENTITY, role: 'READER' };
  return (resources) => request(resources, { method: verb, uri: `${path(resources)}/${ENTITY}`, json });
};

/** The client's own `acl.delete` tries again what must not be tried again. */
function aclDelete(path: (resources: Resources) => string): LibraryCall {
  return (resources) => request(resources, { method: 'DELETE', uri: `${path(resources)}/${ENTITY}` });
}

const fileUri = ({ file }: Resources) => `/o/${encodeURIComponent(file.name)}`;
const generationOf = ({ file }: Resources) => Number(file.metadata.generation);
const metagenerationOf = ({ metadata }: Bucket | File) => Number(metadata.metageneration);

function newFile({ bucket, isConditional }: Resources): File {
  return bucket.file(fresh('made'), isConditional ? { preconditionOpts: { ifGenerationMatch: 0 } } : {});
}

/** Reads a file, going on after what came when a download breaks off. */
async function downloadInPieces({ file }: Resources): Promise<void> {
  const chunks: Buffer[] = [];
  for (let attempt = 0; Buffer.concat(chunks).length < FILE_CONTENT.length; attempt += 1) {
    assert.ok(attempt < DOWNLOAD_ATTEMPTS_MAX, 'the download does not get on');
    const start = Buffer.concat(chunks).length;
    try {
      const options = start === 0 ? { validation: false } : { start, validation: false };
      for await (const chunk of file.createReadStream(options)) chunks.push(Buffer.from(chunk));
    } catch {
      // Broken off: the next attempt goes on.
    }
  }
  assert.ok(Buffer.concat(chunks).equals(FILE_CONTENT));
}

async function uploadLarge(resources: Resources): Promise<void> {
  const file = newFile(resources);
  await file.save(LARGE_CONTENT, { resumable: true, chunkSize: CHUNK_BYTES });
  const [content] = await file.download();
  assert.ok(content.equals(LARGE_CONTENT));
}

export const LIBRARY_CALLS: Readonly<Record<string, Readonly<Record<string, LibraryCall>>>> = {
  'storage.bucket_acl.delete': { request: aclDelete(() => '/acl') },
  'storage.bucket_acl.get': { 'bucket.acl.get': ({ bucket }) => bucket.acl.get({ entity: ENTITY }) },
  'storage.bucket_acl.insert': {
    'bucket.acl.add': ({ bucket }) => bucket.acl.add({ entity: 'allAuthenticatedUsers', role: 'READER' }),
  },
  'storage.bucket_acl.list': { 'bucket.acl.get all': ({ bucket }) => bucket.acl.get() },
  'storage.bucket_acl.patch': { request: acl('PATCH', () => '/acl') },
  'storage.bucket_acl.update': { request: acl('PUT', () => '/acl') },
  'storage.buckets.delete': { 'bucket.delete': ({ storage, bucket }) => storage.bucket(bucket.name).delete() },
  'storage.buckets.get': {
    'bucket.getMetadata': ({ bucket }) => bucket.getMetadata(),
    'bucket.get': ({ bucket }) => bucket.get(),
    'bucket.getLabels': ({ bucket }) => bucket.getLabels(),
    'bucket.exists': ({ bucket }) => bucket.exists(),
  },
  'storage.buckets.getIamPolicy': { 'bucket.iam.getPolicy': ({ bucket }) => bucket.iam.getPolicy() },
  'storage.buckets.insert': {
    'storage.createBucket': ({ storage }) => storage.createBucket(fresh('made')),
    'bucket.create': ({ storage }) => storage.bucket(fresh('made')).create(),
  },
  'storage.buckets.list': { 'storage.getBuckets': ({ storage }) => storage.getBuckets() },
  'storage.buckets.lockRetentionPolicy': {
    'bucket.lock': ({ bucket }) => bucket.lock(metagenerationOf(bucket)),
  },
  'storage.buckets.patch': {
    'bucket.setMetadata': ({ bucket, isConditional }) => {
      const condition = onFile(isConditional, { ifMetagenerationMatch: metagenerationOf(bucket) });
      return bucket.setMetadata({ labels: { a: 'b' } }, condition);
    },
    'bucket.setLabels': ({ bucket, isConditional }) => {
      const condition = onFile(isConditional, { ifMetagenerationMatch: metagenerationOf(bucket) });
      return bucket.setLabels({ a: 'b' }, condition);
    },
    'bucket.setStorageClass': ({ bucket, isConditional }) => {
      const condition = onFile(isConditional, { ifMetagenerationMatch: metagenerationOf(bucket) });
      return bucket.setStorageClass('nearline', condition);
    },
  },
  'storage.buckets.setIamPolicy': {
    'bucket.iam.setPolicy': async ({ bucket, isConditional }) => {
      const { etag, ...policy } = bucket.metadata['policy'] as { etag?: string; bindings: [] };
      return bucket.iam.setPolicy(isConditional && etag !== undefined ? { ...policy, etag } : policy);
    },
  },
  'storage.buckets.testIamPermissions': {
    'bucket.iam.testPermissions': ({ bucket }) => bucket.iam.testPermissions('storage.buckets.get'),
  },
  'storage.buckets.update': {
    request: (resources) =>
      request(resources, {
        method: 'PUT',
        uri: '',
        json: { labels: { a: 'b' } },
        qs: onFile(resources.isConditional, { ifMetagenerationMatch: metagenerationOf(resources.bucket) }),
      }),
  },
  'storage.default_object_acl.delete': { request: aclDelete(() => '/defaultObjectAcl') },
  'storage.default_object_acl.get': {
    'bucket.acl.default.get': ({ bucket }) => bucket.acl.default.get({ entity: ENTITY }),
  },
  'storage.default_object_acl.insert': {
    'bucket.acl.default.add': ({ bucket }) =>
      bucket.acl.default.add({ entity: 'allAuthenticatedUsers', role: 'READER' }),
  },
  'storage.default_object_acl.list': { 'bucket.acl.default.get all': ({ bucket }) => bucket.acl.default.get() },
  'storage.default_object_acl.patch': { request: acl('PATCH', () => '/defaultObjectAcl') },
  'storage.default_object_acl.update': { request: acl('PUT', () => '/defaultObjectAcl') },
  'storage.hmacKey.create': {
    'storage.createHmacKey': ({ storage }) => storage.createHmacKey(`${fresh('account')}@test.iam.gserviceaccount.com`),
  },
  'storage.hmacKey.delete': { 'hmacKey.delete': ({ hmacKey }) => required(hmacKey).delete() },
  'storage.hmacKey.get': {
    'hmacKey.get': ({ hmacKey }) => required(hmacKey).get(),
    'hmacKey.getMetadata': ({ hmacKey }) => required(hmacKey).getMetadata(),
  },
  'storage.hmacKey.list': { 'storage.getHmacKeys': ({ storage }) => storage.getHmacKeys() },
  'storage.hmacKey.update': {
    'hmacKey.setMetadata, or request where it is conditional': ({ storage, hmacKey, isConditional }) => {
      const { accessId, etag } = required(hmacKey).metadata as { accessId?: string; etag?: string };
      if (!isConditional) return required(hmacKey).setMetadata({ state: 'INACTIVE' });
      // The client takes no etag for a precondition, and so would never try again.
      return requestOf(storage, {
        method: 'PUT',
        uri: `/projects/test/hmacKeys/${accessId}`,
        json: { state: 'INACTIVE', etag },
      });
    },
  },
  'storage.notifications.delete': { 'notification.delete': ({ notification }) => required(notification).delete() },
  'storage.notifications.get': {
    'notification.get': ({ notification }) => required(notification).get(),
    'notification.exists': ({ notification }) => required(notification).exists(),
  },
  'storage.notifications.insert': { 'bucket.createNotification': ({ bucket }) => bucket.createNotification(TOPIC) },
  'storage.notifications.list': { 'bucket.getNotifications': ({ bucket }) => bucket.getNotifications() },
  'storage.object_acl.delete': { request: aclDelete((resources) => `${fileUri(resources)}/acl`) },
  'storage.object_acl.get': { 'file.acl.get': ({ file }) => file.acl.get({ entity: ENTITY }) },
  'storage.object_acl.insert': {
    'file.acl.add': ({ file }) => file.acl.add({ entity: 'allAuthenticatedUsers', role: 'READER' }),
  },
  'storage.object_acl.list': { 'file.acl.get all': ({ file }) => file.acl.get() },
  'storage.object_acl.patch': { request: acl('PATCH', (resources) => `${fileUri(resources)}/acl`) },
  'storage.object_acl.update': { request: acl('PUT', (resources) => `${fileUri(resources)}/acl`) },
  'storage.objects.compose': {
    'bucket.combine': ({ bucket, file, isConditional }) =>
      bucket.combine([file, file], bucket.file(fresh('composed')), onFile(isConditional, { ifGenerationMatch: 0 })),
  },
  'storage.objects.copy': {
    request: (resources) =>
      request(resources, {
        method: 'POST',
        uri: `${fileUri(resources)}/copyTo/b/${resources.bucket.name}/o/${fresh('copied')}`,
        qs: onFile(resources.isConditional, { ifGenerationMatch: 0 }),
      }),
  },
  'storage.objects.delete': {
    'file.delete': (resources) =>
      resources.file.delete(onFile(resources.isConditional, { ifGenerationMatch: generationOf(resources) })),
  },
  'storage.objects.get': {
    'file.getMetadata': ({ file }) => file.getMetadata(),
    'file.get': ({ file }) => file.get(),
    'file.exists': ({ file }) => file.exists(),
  },
  'storage.objects.insert': {
    'file.save': (resources) => newFile(resources).save('some text', { resumable: false }),
    'file.save resumably': (resources) => newFile(resources).save('some text', { resumable: true }),
  },
  'storage.objects.list': { 'bucket.getFiles': ({ bucket }) => bucket.getFiles() },
  'storage.objects.patch': {
    'file.setMetadata': ({ file, isConditional }) =>
      file.setMetadata(
        { metadata: { a: 'b' } },
        onFile(isConditional, { ifMetagenerationMatch: metagenerationOf(file) }),
      ),
  },
  'storage.objects.rewrite': {
    'file.copy': ({ bucket, file, isConditional }) =>
      file.copy(bucket.file(fresh('rewritten')), onFile(isConditional, { preconditionOpts: { ifGenerationMatch: 0 } })),
  },
  'storage.objects.update': {
    request: (resources) =>
      request(resources, {
        method: 'PUT',
        uri: fileUri(resources),
        json: { contentType: 'text/plain' },
        qs: onFile(resources.isConditional, { ifMetagenerationMatch: metagenerationOf(resources.file) }),
      }),
  },
  'storage.serviceaccount.get': { 'storage.getServiceAccount': ({ storage }) => storage.getServiceAccount() },
};

/** Where a scenario asks for a way of calling a method, not just for the method. */
export const GROUPED_CALLS: typeof LIBRARY_CALLS = {
  'storage.resumable.upload': { 'file.save of a large content in chunks': uploadLarge },
  'storage.objects.download': { 'file.createReadStream, going on after what came': downloadInPieces },
};

/** `storage.request` takes a callback only. */
function requestOf(storage: Storage, raw: RawRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    storage.request(raw, (error, body) => (error ? reject(error) : resolve(body)));
  });
}

function required<T>(resource: T | undefined): T {
  assert.ok(resource !== undefined, 'the scenario names the resource');
  return resource;
}
