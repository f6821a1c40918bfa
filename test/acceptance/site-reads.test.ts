/**
 * A site answers every read of its cloud's buckets as the cloud does, byte for byte but for the host in links: from its
 * rows where these say it, and by asking where they do not. The reads come from the discovery document.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { METHODS } from '../../src/dialects/gcs-json/api/methods.ts';
import { STANDING } from '../../src/dialects/gcs-json/elsewhere/standing.ts';
import { TestKey } from '../support/customer-keys.ts';
import { FollowedCloud } from '../support/following-site.ts';
import type { Answer, CallOptions } from '../support/http-call.ts';

const seg = encodeURIComponent;

describe('reads at a site are those of its cloud', () => {
  let followed: FollowedCloud;
  /** Methods whose answers were compared, with the statuses seen. */
  const compared = new Map<string, Set<number>>();

  const post = async (path: string, body?: CallOptions['body'], verb = 'POST') => {
    const answer = await followed.cloud.call(verb, `/storage/v1${path}`, body === undefined ? {} : { body });
    assert.ok(answer.status < 300, `${verb} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };

  /** Compares one read at both ends. */
  const same = async (id: keyof typeof METHODS, path: string, headers: Record<string, string> = {}) => {
    const answer = await followed.sameRead(path, headers);
    compared.set(id, (compared.get(id) ?? new Set()).add(answer.status));
    return answer;
  };

  before(async () => {
    followed = await FollowedCloud.start({ prepare: makeAndDelete });
    await fillCloud(post, followed);
    await followed.arrived('lake');
    await followed.arrived('tree');
  });
  after(() => followed[Symbol.asyncDispose]());

  test('buckets', async () => {
    for (const bucket of ['lake', 'tree']) {
      for (const query of [
        '',
        '?projection=full',
        '?projection=noAcl',
        '?fields=name,location',
        '?ifMetagenerationMatch=9',
        '?generation=7',
      ])
        await same('buckets.get', `/b/${bucket}${query}`);
      const { etag } = (await same('buckets.get', `/b/${bucket}?projection=full`)).headers;
      const current = await same('buckets.get', `/b/${bucket}?projection=full`, { 'if-none-match': String(etag) });
      assert.equal(current.status, 304);
      await same('buckets.getStorageLayout', `/b/${bucket}/storageLayout`);
      await same('buckets.getStorageLayout', `/b/${bucket}/storageLayout?prefix=a&prettyPrint=false`);
      await same('buckets.getIamPolicy', `/b/${bucket}/iam`);
      await same('buckets.getIamPolicy', `/b/${bucket}/iam?optionsRequestedPolicyVersion=3`);
      const permissions = 'permissions=storage.objects.get&permissions=storage.objects.list';
      await same('buckets.testIamPermissions', `/b/${bucket}/iam/testPermissions?${permissions}`);
      for (const list of ['acl', 'defaultObjectAcl'] as const) {
        const methods = list === 'acl' ? ('bucketAccessControls' as const) : ('defaultObjectAccessControls' as const);
        await same(`${methods}.list`, `/b/${bucket}/${list}`);
        await same(`${methods}.get`, `/b/${bucket}/${list}/user-ann@example.com`);
        await same(`${methods}.get`, `/b/${bucket}/${list}/user-nobody@example.com`);
      }
    }
    await same('buckets.get', '/b/absent');
    const [deleted] = (await same('buckets.list', '/b?project=p&softDeleted=true')).json.items;
    assert.equal(deleted?.name, 'ended');
    await same('buckets.get', `/b/ended?softDeleted=true&generation=${deleted?.generation}`);
    for (const query of ['', '&projection=full', '&prefix=la', '&prefix=la&projection=full'])
      await same('buckets.list', `/b?project=p${query}`);
    const first = await same('buckets.list', '/b?project=p&maxResults=1');
    await same('buckets.list', `/b?project=p&maxResults=1&pageToken=${first.json.nextPageToken}`);
  });

  test('objects with every field', async () => {
    const { items } = (await same('objects.list', '/b/lake/o')).json;
    assert.ok(items.length >= 6);
    for (const { name, generation, etag } of items) {
      const path = `/b/lake/o/${seg(name)}`;
      for (const query of [
        '',
        '?projection=full',
        `?generation=${generation}`,
        `?generation=${generation}&projection=full`,
      ])
        await same('objects.get', `${path}${query}`);
      assert.equal((await same('objects.get', path, { 'if-none-match': etag })).status, 304);
      assert.equal((await same('objects.get', `${path}?ifGenerationMatch=1`)).status, 412);
      await same('objects.get', `${path}?fields=acl(entity,role),owner&projection=full`);
      await same('objectAccessControls.list', `${path}/acl`);
      await same('objectAccessControls.list', `${path}/acl?generation=${generation}`);
      await same('objectAccessControls.get', `${path}/acl/user-ann@example.com`);
      await same('objects.getIamPolicy', `${path}/iam`);
      await same('objects.testIamPermissions', `${path}/iam/testPermissions?permissions=storage.objects.get`);
    }
    await same('objectAccessControls.get', '/b/lake/o/absent/acl/allUsers');
    await same('objects.getIamPolicy', '/b/lake/o/plain/iam?generation=7');
  });

  test('listings', async () => {
    for (const bucket of ['lake', 'tree']) {
      for (const query of [
        '?delimiter=/&includeFoldersAsPrefixes=true',
        '?delimiter=/&includeFoldersAsPrefixes=true&prefix=a/',
        '?delimiter=/&includeFoldersAsPrefixes=true&prefix=a/&projection=full&includeTrailingDelimiter=true',
        '?delimiter=/&includeFoldersAsPrefixes=true&versions=true',
        '?projection=full',
        '?delimiter=/',
        '?delimiter=/&projection=full',
        '?prefix=dir/&delimiter=/&includeTrailingDelimiter=true&projection=full',
        '?matchGlob=**a**&projection=full',
        '?startOffset=d&endOffset=p',
        `?filter=${seg('contexts."team"="ops"')}`,
        '?fields=items(name,acl),prefixes&projection=full',
      ])
        await same('objects.list', `/b/${bucket}/o${query}`);
      for (const maxResults of [1, 2]) {
        const query = `delimiter=/&includeFoldersAsPrefixes=true&maxResults=${maxResults}`;
        const [here, there] = await Promise.all(
          [followed.site, followed.cloud].map((gcs) => wholeListing(gcs, query, bucket)),
        );
        assert.deepEqual(here, there, query);
      }
      let pageToken = '';
      do {
        const page = await same('objects.list', `/b/${bucket}/o?maxResults=2&projection=full&pageToken=${pageToken}`);
        pageToken = page.json.nextPageToken ?? '';
      } while (pageToken !== '');
    }
  });

  test('versions that are not live', async () => {
    const { items } = (await same('objects.list', '/b/lake/o?versions=true')).json;
    const past = items.filter(({ timeDeleted }) => timeDeleted !== undefined);
    assert.ok(past.length >= 4, `${past.length} noncurrent versions`);
    for (const { name, generation } of past) {
      const path = `/b/lake/o/${seg(name)}`;
      for (const query of ['', '&projection=full', '&ifMetagenerationMatch=9', '&alt=media'])
        await same('objects.get', `${path}?generation=${generation}${query}`);
      await same('objectAccessControls.list', `${path}/acl?generation=${generation}`);
      await same('objects.getIamPolicy', `${path}/iam?generation=${generation}`);
    }
    await same('objects.get', '/b/lake/o/plain?generation=7');
    for (const query of [
      '&projection=full',
      '&delimiter=/',
      '&prefix=dir/&delimiter=/',
      '&prefix=dir/&delimiter=/&includeTrailingDelimiter=true',
      '&delimiter=/&includeTrailingDelimiter=true',
      '&matchGlob=**a**',
      '&startOffset=dir/a&endOffset=p',
      `&filter=${seg('contexts."team"="ops"')}`,
      '&fields=items(name,generation,timeDeleted)',
    ])
      await same('objects.list', `/b/lake/o?versions=true${query}`);
    await same('objects.list', '/b/tree/o?versions=true');
    for (const shape of ['', '&delimiter=/', '&delimiter=/&includeTrailingDelimiter=true'])
      for (const maxResults of [1, 2, 3]) {
        const query = `versions=true&maxResults=${maxResults}${shape}`;
        const [here, there] = await Promise.all([followed.site, followed.cloud].map((gcs) => wholeListing(gcs, query)));
        assert.deepEqual(here, there, query);
      }
  });

  test('versions that can be restored', async () => {
    for (const bucket of ['lake', 'tree']) {
      const { items } = (await same('objects.list', `/b/${bucket}/o?softDeleted=true`)).json;
      assert.ok(items.length > 0, `gs://${bucket} has some`);
      for (const { name, generation } of items) {
        await same('objects.get', `/b/${bucket}/o/${seg(name)}?softDeleted=true&generation=${generation}`);
        await same('objects.get', `/b/${bucket}/o/${seg(name)}?softDeleted=true&generation=1`);
      }
      const first = await same('objects.list', `/b/${bucket}/o?softDeleted=true&maxResults=1`);
      await same(
        'objects.list',
        `/b/${bucket}/o?softDeleted=true&maxResults=1&pageToken=${first.json.nextPageToken ?? ''}`,
      );
    }
  });

  test('folders, managed folders and their policies', async () => {
    for (const query of ['', '?prefix=a/', '?delimiter=/', '?pageSize=1', '?startOffset=b/&endOffset=d/'])
      await same('folders.list', `/b/tree/folders${query}`);
    for (const folder of ['a/', 'a/b/', 'absent/']) await same('folders.get', `/b/tree/folders/${seg(folder)}`);
    await same('folders.get', `/b/tree/folders/${seg('a/')}?ifMetagenerationMatch=9`);
    await same('folders.list', '/b/lake/folders');
    for (const query of ['', '?prefix=m', '?pageSize=1'])
      await same('managedFolders.list', `/b/tree/managedFolders${query}`);
    for (const folder of ['managed/', 'absent/']) {
      const path = `/b/tree/managedFolders/${seg(folder)}`;
      await same('managedFolders.get', path);
      await same('managedFolders.getIamPolicy', `${path}/iam?optionsRequestedPolicyVersion=3`);
      await same('managedFolders.testIamPermissions', `${path}/iam/testPermissions?permissions=storage.objects.get`);
    }
  });

  test('notifications, caches and operations', async () => {
    await same('notifications.list', '/b/lake/notificationConfigs');
    for (const id of ['1', '9']) await same('notifications.get', `/b/lake/notificationConfigs/${id}`);
    for (const family of ['anywhereCaches', 'rapidCaches'] as const) {
      for (const query of ['', '?pageSize=1']) await same(`${family}.list`, `/b/lake/${family}${query}`);
      for (const zone of ['us-east1-b', 'us-east1-z']) await same(`${family}.get`, `/b/lake/${family}/${zone}`);
    }
    const listed = await same('operations.list', '/b/lake/operations');
    const [{ name }] = (listed.json as unknown as { operations: [{ name: string }] }).operations;
    await same('operations.get', `/b/lake/operations/${name.split('/').at(-1)}`);
    await same('operations.get', `/b/lake/operations/${'0'.repeat(32)}`);
    await same('operations.list', `/b/lake/operations?pageSize=1&filter=${seg('done=true')}`);
  });

  test('no read of a bucket was left out, and each was seen to answer', () => {
    const reads = Object.values(METHODS).filter(({ id }) => STANDING[id] === 'asked' || STANDING[id] === 'shown');
    assert.deepEqual(
      reads.map(({ id }) => id).filter((id) => compared.get(id)?.has(200) !== true),
      [],
    );
  });
});

describe('what the owner alone knows', () => {
  test('bytes under a key come with that key, and are not kept', async () => {
    await using followed = await FollowedCloud.start();
    const { cloud, site } = followed;
    await cloud.call('POST', '/storage/v1/b?project=p', { body: { name: 'lake' } });
    const [key, other] = [new TestKey(), new TestKey()];
    const path = '/upload/storage/v1/b/lake/o?uploadType=media&name=secret';
    await cloud.call('POST', path, { headers: key.headers, body: 'the secret' });
    await followed.arrived('lake');
    assert.equal((await site.media('lake', 'secret', key.headers)).text, 'the secret');
    assert.equal((await site.media('lake', 'secret', { ...key.headers, range: 'bytes=4-' })).text, 'secret');
    for (const headers of [{}, other.headers]) {
      const [here, there] = [await site.media('lake', 'secret', headers), await cloud.media('lake', 'secret', headers)];
      assert.deepEqual([here.status, here.text], [400, there.text]);
    }
    await followed.cutCloud();
    assert.equal((await site.media('lake', 'secret', key.headers)).status, 503, "the bytes are the owner's");
    assert.equal((await site.get('lake', 'secret')).status, 200, 'the name is here');
  });

  test('of a name the versions up to the shown one are told, and none that came after it', async () => {
    await using followed = await FollowedCloud.start({ sync: { reconcileMs: 600_000, tailPollMs: 600_000 } });
    const { cloud, site } = followed;
    await cloud.call('POST', '/storage/v1/b?project=p', { body: { name: 'lake', versioning: { enabled: true } } });
    const first = await cloud.put('lake', 'there', 'first');
    const shown = await cloud.put('lake', 'there', 'shown');
    await followed.shows('lake', 'there');
    const later = await cloud.put('lake', 'there', 'later');
    const newest = await cloud.put('lake', 'there', 'newest');
    await cloud.put('lake', 'new/one', 'not shown yet');
    await cloud.put('lake', 'old/one', 'gone');
    await cloud.call('DELETE', `/storage/v1/b/lake/o/${seg('old/one')}`);
    const { items } = (await site.list('lake', '?versions=true')).json;
    assert.deepEqual(
      items.map(({ name, generation, timeDeleted }) => [name, generation, timeDeleted !== undefined]),
      [
        ['old/one', items[0]?.generation, true],
        ['there', first.generation, true],
        ['there', shown.generation, false],
      ],
    );
    assert.deepEqual((await site.list('lake', '?versions=true&delimiter=/')).json.prefixes, ['old/']);
    const status = async (generation: string) => (await site.get('lake', 'there', `?generation=${generation}`)).status;
    const answers = [first, shown, later, newest].map(({ generation }) => status(generation));
    assert.deepEqual(await Promise.all(answers), [200, 200, 404, 404]);
    assert.equal((await site.get('lake', 'there', `?alt=media&generation=${first.generation}`)).text, 'first');
    assert.equal((await site.media('lake', 'there')).text, 'shown');
    for (const query of ['', '&maxResults=1', '&maxResults=2'])
      assert.equal((await wholeListing(site, `versions=true${query}`)).items.length, 3, query);
  });

  test('an owner that cannot be reached is 503, and what is shown stays', async () => {
    await using followed = await FollowedCloud.start();
    const { cloud, site } = followed;
    await cloud.call('POST', '/storage/v1/b?project=p', { body: { name: 'lake' } });
    await cloud.put('lake', 'there');
    await followed.arrived('lake');
    await followed.cutCloud();
    for (const path of [
      '/acl',
      '/iam',
      '/o/there/acl',
      '/o/there?projection=full',
      '/o?softDeleted=true',
      '/folders',
      '/o?versions=true',
      '/o/there?generation=7',
    ]) {
      const { status, text, json } = await site.call('GET', `/storage/v1/b/lake${path}`);
      assert.equal(status, 503, text);
      assert.equal(json.error.errors[0]?.reason, 'backendError');
      assert.match(json.error.message, /asked of http:.* does not answer; try again/);
    }
    assert.equal((await site.media('lake', 'there')).text, 'there');
    assert.equal((await site.call('GET', '/storage/v1/b/lake')).status, 200);
    assert.equal((await site.list('lake')).json.items.length, 1);
    const asFolders = await site.list('lake', '?delimiter=/&includeFoldersAsPrefixes=true');
    assert.deepEqual([asFolders.status, asFolders.json.items.length], [200, 1], 'tables are read without the owner');
  });

  test('a version that the owner has replaced is no 404 while it is shown', async () => {
    await using followed = await FollowedCloud.start({ sync: { reconcileMs: 600_000, tailPollMs: 600_000 } });
    const { cloud, site } = followed;
    await cloud.call('POST', '/storage/v1/b?project=p', { body: { name: 'lake' } });
    await cloud.put('lake', 'there', 'old');
    await followed.shows('lake', 'there');
    const { acl } = (await site.get('lake', 'there', '?projection=full')).json;
    assert.equal(acl.length, 4);
    await cloud.put('lake', 'there', 'new');
    for (const path of ['/o/there/acl', '/o/there/iam', '/o/there?projection=full']) {
      const { status, json } = await site.call('GET', `/storage/v1/b/lake${path}`);
      assert.equal(status, 503);
      assert.match(json.error.message, /no longer has generation \d+, which this site still shows:/);
    }
    const { items } = (await site.list('lake', '?projection=full')).json;
    assert.deepEqual([items.length, items[0]?.acl], [1, undefined]);
    assert.equal((await site.media('lake', 'there')).text, 'old');
  });
});

/** Items and prefixes of all pages. */
async function wholeListing(gcs: FollowedCloud['site'], query: string, bucket = 'lake') {
  const [items, prefixes]: [string[], string[]] = [[], []];
  let pageToken = '';
  do {
    const { json, text } = await gcs.list(bucket, `?${query}&pageToken=${pageToken}`);
    assert.ok(json.error === undefined, text);
    items.push(
      ...(json.items ?? []).map(({ name, generation, timeDeleted }) => `${name} ${generation} ${timeDeleted}`),
    );
    prefixes.push(...(json.prefixes ?? []));
    pageToken = json.nextPageToken ?? '';
  } while (pageToken !== '');
  return { items, prefixes };
}

type Post = (path: string, body?: CallOptions['body'], verb?: string) => Promise<Answer>;

const ann = { entity: 'user-ann@example.com', role: 'READER' };
const binding = { role: 'roles/storage.objectViewer', members: ['user:ann@example.com', 'group:all@example.com'] };

/** Two buckets with something of everything. */
async function fillCloud(post: Post, followed: FollowedCloud): Promise<void> {
  await makeBuckets(post, followed);
  await putObjects(post, followed);
  await putBesideObjects(post);
  await followed.gateway.runChores();
}

async function makeBuckets(post: Post, { cloud }: FollowedCloud): Promise<void> {
  await post('/b?project=p&enableObjectRetention=true', {
    name: 'lake',
    labels: { team: 'ops' },
    versioning: { enabled: true },
    lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
    cors: [{ maxAgeSeconds: 60, method: ['GET'], origin: ['*'], responseHeader: ['X-A'] }],
    website: { mainPageSuffix: 'index.html' },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
    acl: [ann, { entity: 'project-owners-p', role: 'OWNER' }],
  });
  await post('/b/lake/defaultObjectAcl', ann);
  const policy = (await cloud.call('GET', '/storage/v1/b/lake/iam')).json;
  await post('/b/lake/iam', { ...policy, bindings: [...policy.bindings, binding] }, 'PUT');
  await post('/b?project=p', {
    name: 'tree',
    hierarchicalNamespace: { enabled: true },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
  });
}

/** Leaves a bucket that can be restored. */
async function makeAndDelete(cloud: FollowedCloud['cloud']): Promise<void> {
  const body = { name: 'ended', softDeletePolicy: { retentionDurationSeconds: '604800' } };
  assert.equal((await cloud.call('POST', '/storage/v1/b?project=p', { body })).status, 200);
  assert.equal((await cloud.call('DELETE', '/storage/v1/b/ended')).status, 204);
}

async function putObjects(post: Post, { cloud }: FollowedCloud): Promise<void> {
  const insert = async (resource: Readonly<Record<string, unknown>>, query = '') => {
    const { status, text } = await cloud.insert('lake', resource, 'content', query);
    assert.equal(status, 200, text);
  };
  for (const name of ['plain', 'é/ü ?&%/\u{1f600}', 'dir/', 'dir/a', 'dir/b', 'dir/sub/c'])
    await cloud.put('lake', name);
  await insert({
    name: 'all fields',
    contentType: 'text/plain',
    contentLanguage: 'el',
    contentDisposition: 'inline',
    contentEncoding: 'identity',
    cacheControl: 'no-store',
    metadata: { Team: 'Größe', empty: '' },
    customTime: '2020-01-02T03:04:05Z',
    storageClass: 'NEARLINE',
    temporaryHold: true,
    contexts: { custom: { team: { value: 'ops' } } },
    retention: { mode: 'Unlocked', retainUntilTime: '2040-01-01T00:00:00Z' },
  });
  await insert({ name: 'held', eventBasedHold: true });
  await insert({ name: 'shared', acl: [ann, { entity: 'allUsers', role: 'READER' }] });
  await insert({ name: 'kms' }, `&kmsKeyName=${seg('projects/p/locations/us/keyRings/r/cryptoKeys/k')}`);
  const secret = await cloud.call('POST', '/upload/storage/v1/b/lake/o?uploadType=media&name=secret', {
    headers: new TestKey().headers,
    body: 'secret',
  });
  assert.equal(secret.status, 200, secret.text);
  await post('/b/lake/o/parts/compose', { sourceObjects: [{ name: 'dir/a' }, { name: 'dir/b' }] });
  await post('/b/lake/o/plain', { metadata: { later: 'yes' } }, 'PATCH');
  for (const name of ['a/x', 'a/b/y', 'c/z', 'gone']) await cloud.put('tree', name);
  await post('/b/tree/o/gone', undefined, 'DELETE');
  await cloud.put('lake', 'gone');
  const linked = await cloud.insert('lake', { name: 'linked', metadata: { selfLink: 'http://other.example/x' } });
  await post(`/b/lake/o/linked?generation=${linked.json.generation}`, undefined, 'DELETE');
  const { generation } = await cloud.put('lake', 'gone', 'again');
  await post(`/b/lake/o/gone?generation=${generation}`, undefined, 'DELETE');
  for (const name of ['dir/', 'dir/a', 'dir/a', 'past/only', 'plain']) await cloud.put('lake', name, 'again');
  await post(`/b/lake/o/${seg('past/only')}`, undefined, 'DELETE');
  await post('/b/lake', { retentionPolicy: { retentionPeriod: '1' } }, 'PATCH');
}

async function putBesideObjects(post: Post): Promise<void> {
  await post('/b/lake/notificationConfigs', {
    topic: '//pubsub.googleapis.com/projects/example/topics/topic',
    payload_format: 'JSON_API_V1',
    custom_attributes: { a: 'b' },
  });
  await post('/b/lake/anywhereCaches', { zone: 'us-east1-b', ttl: '7200s' });
  await post('/b/lake/rapidCaches', { zone: 'us-east1-b' });
  for (const name of ['a/empty/', 'd/']) await post('/b/tree/folders', { name });
  for (const name of ['managed/', 'more/']) await post('/b/tree/managedFolders', { name });
  const condition = { title: 'until', expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' };
  await post('/b/tree/managedFolders/managed%2F/iam', { version: 3, bindings: [{ ...binding, condition }] }, 'PUT');
}
