/** `gcloud storage`, unmodified, where it is installed. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Feature } from '../support/client-features.ts';
import { findOnPath } from '../support/client-tools.ts';
import { isFullRun } from '../support/full-figures.ts';
import { startRetryTestProxy } from '../support/retry-test-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testClient } from './client-suite.ts';
import { MIB, noise, Scene } from './command-line/scene.ts';

const gcloud = findOnPath('gcloud');
/** Most of a run is its start. */
const CONCURRENCY = 3;

function program(url: string, folder: string) {
  const environment = {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${url}/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'True',
    CLOUDSDK_CORE_PROJECT: 'test',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_CONFIG: join(folder, 'config'),
    CLOUDSDK_STORAGE_RESUMABLE_THRESHOLD: '4Mi',
    CLOUDSDK_STORAGE_PROCESS_COUNT: '1',
  };
  return { path: gcloud ?? '', args: ['storage'], environment };
}

const at = (scene: Scene, name = '') => `gs://${scene.bucket}${name === '' ? '' : `/${name}`}`;
const makeBucket = (scene: Scene, ...options: readonly string[]) =>
  scene.run('buckets', 'create', at(scene), ...options);

async function describe(scene: Scene, kind: 'buckets' | 'objects', url: string) {
  return JSON.parse(await scene.run(kind, 'describe', url, '--raw', '--format=json'));
}

const transfers = {
  'upload-simple': async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('cp', scene.file('small', 'a small object'), at(scene, 'dir/ü 1'), '--content-type=text/x');
    const { size, contentType } = await describe(scene, 'objects', at(scene, 'dir/ü 1'));
    assert.deepEqual([size, contentType], ['14', 'text/x']);
    assert.equal(await scene.run('cat', at(scene, 'dir/ü 1')), 'a small object');
  },

  'upload-resumable': async (scene: Scene) => {
    await makeBucket(scene);
    const content = noise(12 * MIB + 17);
    await scene.run('cp', scene.file('large', content), at(scene, 'large'));
    await scene.run('cp', at(scene, 'large'), scene.path('down'));
    scene.assertFile('down', content);
  },

  'upload-resumed': async (scene: Scene) => {
    await makeBucket(scene);
    const content = noise(9 * MIB);
    const { assertDone } = await scene.faults({
      'storage.objects.insert': ['return-reset-connection-after-2304K', 'return-503-after-5120K'],
    });
    await scene.run('cp', scene.file('large', content), at(scene, 'cut'));
    await assertDone();
    await scene.run('cp', at(scene, 'cut'), scene.path('down'));
    scene.assertFile('down', content);
  },

  download: async (scene: Scene) => {
    await makeBucket(scene);
    scene.file('tree/a', 'a');
    scene.file('tree/deep/large', noise(12 * MIB));
    await scene.run('cp', '-r', scene.path('tree'), at(scene));
    await scene.run('cp', '-r', at(scene, 'tree'), join(scene.file('down/there'), '..'));
    scene.assertFile('down/tree/a', 'a');
    await scene.fails(/matched no objects/, 'cp', at(scene, 'none'), scene.path('none'));
  },

  ranges: async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('cp', scene.file('digits', '0123456789'), at(scene, 'digits'));
    assert.equal(await scene.run('cat', '-r', '3-6', at(scene, 'digits')), '3456');
    assert.equal(await scene.run('cat', '-r', '-3', at(scene, 'digits')), '789');
  },

  gzip: async (scene: Scene) => {
    await makeBucket(scene);
    const content = 'a line that repeats itself\n'.repeat(10_000);
    await scene.run('cp', '--gzip-local-all', scene.file('plain', content), at(scene, 'packed'));
    assert.equal((await describe(scene, 'objects', at(scene, 'packed'))).contentEncoding, 'gzip');
    await scene.run('cp', at(scene, 'packed'), scene.path('unpacked'));
    scene.assertFile('unpacked', content);
    await scene.run('cp', scene.file('zipped', gzipSync(content)), at(scene, 'zipped'), '--content-encoding=gzip');
    await scene.run('cp', '--do-not-decompress', at(scene, 'zipped'), scene.path('as-stored'));
    scene.assertFile('as-stored', gzipSync(content));
  },

  checksums: async (scene: Scene) => {
    await makeBucket(scene);
    const file = scene.file('file', 'content');
    await scene.fails(/400/, 'cp', file, at(scene, 'checked'), '--content-md5=XUFAKrxLKna5cZ2REBfFkg==');
    await scene.run('cp', file, at(scene, 'checked'), '--content-md5=mgNkuembtIDdJeHwKEyFVQ==');
    const [there] = JSON.parse(await scene.run('hash', at(scene, 'checked'), '--format=json'));
    const [here] = JSON.parse(await scene.run('hash', file, '--format=json'));
    assert.deepEqual([there.crc32c_hash, there.md5_hash], [here.crc32c_hash, here.md5_hash]);
  },

  sync: async (scene: Scene) => {
    await makeBucket(scene);
    for (const name of ['a', 'b', 'deep/c']) scene.file(`tree/${name}`, name);
    await scene.run('rsync', '-r', scene.path('tree'), at(scene, 'synced'));
    scene.file('tree/a', 'changed');
    rmSync(scene.path('tree/b'));
    await scene.run('rsync', '-r', '--delete-unmatched-destination-objects', scene.path('tree'), at(scene, 'synced'));
    assert.deepEqual(await scene.lines('ls', at(scene, 'synced/**')), [
      at(scene, 'synced/a'),
      at(scene, 'synced/deep/c'),
    ]);
    assert.equal(await scene.run('cat', at(scene, 'synced/a')), 'changed');
  },

  retries: async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('cp', scene.file('file', 'content'), at(scene, 'there'));
    const { assertDone } = await scene.faults({
      'storage.objects.list': ['return-503'],
      'storage.objects.get': ['return-503'],
      'storage.objects.insert': ['return-503'],
    });
    assert.deepEqual(await scene.lines('ls', at(scene)), [at(scene, 'there')]);
    await scene.run('cp', at(scene, 'there'), scene.path('down'));
    await scene.run('cp', scene.path('file'), at(scene, 'new'));
    await assertDone();
    assert.equal(await scene.run('cat', at(scene, 'new')), 'content');
  },
};

const objects = {
  list: async (scene: Scene) => {
    await makeBucket(scene);
    for (const name of ['a', 'b', 'deep/c', 'deep/er/d']) scene.file(`tree/${name}`, name);
    await scene.run('cp', '-r', join(scene.path('tree'), '*'), at(scene));
    const all = ['a', 'b', 'deep/c', 'deep/er/d'].map((name) => at(scene, name));
    assert.deepEqual(await scene.lines('ls', at(scene, '**')), all);
    assert.deepEqual(await scene.lines('ls', at(scene)), [at(scene, 'a'), at(scene, 'b'), at(scene, 'deep/')]);
    assert.deepEqual(await scene.lines('ls', at(scene, 'deep/*/*')), [at(scene, 'deep/er/d')]);
    const paged = await scene.lines('objects', 'list', at(scene, '**'), '--page-size=1', '--format=value(name)');
    assert.deepEqual(paged, ['a', 'b', 'deep/c', 'deep/er/d']);
  },

  versions: async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('buckets', 'update', at(scene), '--versioning');
    for (const content of ['one', 'two']) await scene.run('cp', scene.file('file', content), at(scene, 'kept'));
    await scene.run('rm', at(scene, 'kept'));
    const [first = '', second = ''] = await scene.lines('ls', '-a', at(scene, '**'));
    assert.match(second, /#\d+$/);
    assert.equal(await scene.run('cat', first), 'one');
    await scene.run('cp', first, at(scene, 'kept'));
    assert.equal(await scene.run('cat', at(scene, 'kept')), 'one');
    await scene.run('rm', second);
    assert.equal((await scene.lines('ls', '-a', at(scene, '**'))).length, 2);
  },

  copy: async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('cp', scene.file('file', 'content'), at(scene, 'source'), '--custom-metadata=color=blue');
    await scene.run('cp', at(scene, 'source'), at(scene, 'copy'), '--storage-class=NEARLINE');
    const { metadata, storageClass } = await describe(scene, 'objects', at(scene, 'copy'));
    assert.deepEqual([metadata, storageClass], [{ color: 'blue' }, 'NEARLINE']);
    await scene.run('mv', at(scene, 'copy'), at(scene, 'moved'));
    assert.deepEqual(await scene.lines('ls', at(scene)), [at(scene, 'moved'), at(scene, 'source')]);
    assert.equal(await scene.run('cat', at(scene, 'moved')), 'content');
  },

  rewrite: async (scene: Scene) => {
    await makeBucket(scene);
    const far = `gs://${scene.bucket}-far`;
    await scene.run('buckets', 'create', far, '--location=ASIA');
    const content = noise(3 * MIB + 5);
    await scene.run('cp', scene.file('file', content), at(scene, 'source'));
    await scene.run('cp', at(scene, 'source'), `${far}/copy`);
    await scene.run('cp', `${far}/copy`, scene.path('down'));
    scene.assertFile('down', content);
  },

  compose: async (scene: Scene) => {
    await makeBucket(scene);
    for (const name of ['a', 'b']) await scene.run('cp', scene.file(name, name), at(scene, name));
    await scene.run('objects', 'compose', at(scene, 'a'), at(scene, 'b'), at(scene, 'ab'));
    assert.equal(await scene.run('cat', at(scene, 'ab')), 'ab');
  },

  preconditions: async (scene: Scene) => {
    await makeBucket(scene);
    const file = scene.file('file', 'content');
    await scene.run('cp', '--if-generation-match=0', file, at(scene, 'guarded'));
    await scene.fails(/412/, 'cp', '--if-generation-match=0', file, at(scene, 'guarded'));
    await scene.fails(/412/, 'rm', '--if-generation-match=1', at(scene, 'guarded'));
    const update = ['objects', 'update', at(scene, 'guarded'), '--content-type=text/x'];
    await scene.fails(/412/, ...update, '--if-metageneration-match=9');
    await scene.run(...update, '--if-metageneration-match=1');
  },

  metadata: async (scene: Scene) => {
    await makeBucket(scene);
    const time = '2024-02-29T12:00:00Z';
    const given = ['--custom-metadata=color=blue,ключ=значение', `--custom-time=${time}`, '--cache-control=no-store'];
    await scene.run('cp', scene.file('file'), at(scene, 'described'), ...given);
    const found = await describe(scene, 'objects', at(scene, 'described'));
    assert.deepEqual([found.metadata, found.cacheControl], [{ color: 'blue', ключ: 'значение' }, 'no-store']);
    assert.equal(Date.parse(found.customTime), Date.parse(time));
    const update = (...changes: readonly string[]) =>
      scene.run('objects', 'update', at(scene, 'described'), ...changes);
    await update('--update-custom-metadata=shape=round');
    const changed = await describe(scene, 'objects', at(scene, 'described'));
    assert.deepEqual(changed.metadata, { color: 'blue', ключ: 'значение', shape: 'round' });
    // It takes keys away by leaving them out, which a patch does not hear (cloud.google.com/go/storage, http_client.go:
    // "Sending the empty map is a no-op"), so neither --remove-custom-metadata nor --clear-custom-metadata is tried.
    await update('--clear-cache-control');
    assert.equal((await describe(scene, 'objects', at(scene, 'described'))).cacheControl, undefined);
  },

  'soft-delete': async (scene: Scene) => {
    await makeBucket(scene, '--soft-delete-duration=7d');
    await scene.run('cp', scene.file('file', 'found again'), at(scene, 'lost'));
    await scene.run('rm', at(scene, 'lost'));
    const [lost = ''] = await scene.lines('ls', '--soft-deleted', '-a', at(scene, '**'));
    assert.match(lost, /lost#\d+$/);
    await scene.run('restore', lost);
    assert.equal(await scene.run('cat', at(scene, 'lost')), 'found again');
  },

  holds: async (scene: Scene) => {
    await makeBucket(scene);
    await scene.run('cp', scene.file('file'), at(scene, 'held'));
    for (const hold of ['temporary-hold', 'event-based-hold']) {
      await scene.run('objects', 'update', at(scene, 'held'), `--${hold}`);
      await scene.fails(/403|hold/, 'rm', at(scene, 'held'));
      await scene.run('objects', 'update', at(scene, 'held'), `--no-${hold}`);
    }
    await scene.run('buckets', 'update', at(scene), '--retention-period=1h');
    await scene.fails(/403|retention/, 'rm', at(scene, 'held'));
    // It locks a policy only for who answers its question.
    await scene.run('buckets', 'update', at(scene), '--clear-retention-period');
    await scene.run('rm', at(scene, 'held'));
  },

  keys: async (scene: Scene) => {
    await makeBucket(scene);
    const [key, next] = [noise(32).toString('base64'), noise(32).toString('base64')];
    const content = noise(6 * MIB);
    await scene.run('cp', scene.file('large', content), at(scene, 'keyed'), `--encryption-key=${key}`);
    await scene.fails(/key/, 'cp', at(scene, 'keyed'), scene.path('refused'));
    const rotate = [`--encryption-key=${next}`, `--decryption-keys=${key}`];
    await scene.run('objects', 'update', at(scene, 'keyed'), ...rotate);
    await scene.fails(/key/, 'cp', at(scene, 'keyed'), scene.path('refused'), `--decryption-keys=${key}`);
    await scene.run('cp', at(scene, 'keyed'), scene.path('rotated'), `--decryption-keys=${next}`);
    scene.assertFile('rotated', content);
    await scene.run('objects', 'update', at(scene, 'keyed'), '--clear-encryption-key', `--decryption-keys=${next}`);
    await scene.run('cp', at(scene, 'keyed'), scene.path('cleared'));
    scene.assertFile('cleared', content);
  },
};

const buckets = {
  buckets: async (scene: Scene) => {
    await makeBucket(scene, '--location=EU', '--default-storage-class=NEARLINE');
    await scene.fails(/409/, 'buckets', 'create', at(scene));
    await scene.run('buckets', 'update', at(scene), '--update-labels=team=storage');
    const found = await describe(scene, 'buckets', at(scene));
    assert.deepEqual([found.location, found.storageClass, found.labels], ['EU', 'NEARLINE', { team: 'storage' }]);
    const names = await scene.lines('buckets', 'list', '--format=value(name)');
    assert.ok(names.includes(scene.bucket));
    await scene.run('cp', scene.file('file'), at(scene, 'content'));
    await scene.fails(/not empty/, 'buckets', 'delete', at(scene));
    await scene.run('rm', '-r', at(scene));
    await scene.fails(/404/, 'buckets', 'describe', at(scene));
  },

  settings: async (scene: Scene) => {
    const rule = { action: { type: 'Delete' }, condition: { age: 30 } };
    const cors = [{ maxAgeSeconds: 3_600, method: ['GET'], origin: ['https://x.example'] }];
    await makeBucket(scene, `--lifecycle-file=${scene.file('rules.json', JSON.stringify({ rule: [rule] }))}`);
    const corsFile = `--cors-file=${scene.file('cors.json', JSON.stringify(cors))}`;
    const web = ['--web-main-page-suffix=index.html', '--web-error-page=404.html'];
    const logs = [`--log-bucket=${at(scene)}`, '--log-object-prefix=access'];
    await scene.run('buckets', 'update', at(scene), corsFile, ...web, ...logs, '--enable-autoclass');
    const found = await describe(scene, 'buckets', at(scene));
    assert.deepEqual([found.lifecycle, found.cors], [{ rule: [rule] }, cors]);
    assert.deepEqual([found.website.notFoundPage, found.logging.logObjectPrefix], ['404.html', 'access']);
    assert.equal(found.autoclass.enabled, true);
    await scene.run('buckets', 'update', at(scene), '--clear-lifecycle', '--clear-cors', '--pap');
    const changed = await describe(scene, 'buckets', at(scene));
    assert.deepEqual([changed.lifecycle, changed.cors], [undefined, undefined]);
    assert.equal(changed.iamConfiguration.publicAccessPrevention, 'enforced');
  },

  acls: async (scene: Scene) => {
    await makeBucket(scene, '--no-uniform-bucket-level-access');
    await scene.run('cp', scene.file('file'), at(scene, 'shared'), '--predefined-acl=publicRead');
    const entities = async (kind: 'buckets' | 'objects', url: string) =>
      JSON.parse(await scene.run(kind, 'describe', url, '--raw', '--format=json(acl)')).acl.map(
        ({ entity }: { readonly entity: string }) => entity,
      );
    assert.ok((await entities('objects', at(scene, 'shared'))).includes('allUsers'));
    const grant = '--add-acl-grant=entity=user-reader@example.com,role=READER';
    for (const [kind, url] of [
      ['buckets', at(scene)],
      ['objects', at(scene, 'shared')],
    ] as const) {
      await scene.run(kind, 'update', url, grant);
      assert.ok((await entities(kind, url)).includes('user-reader@example.com'));
      await scene.run(kind, 'update', url, '--remove-acl-grant=user-reader@example.com');
      assert.ok(!(await entities(kind, url)).includes('user-reader@example.com'));
    }
  },

  iam: async (scene: Scene) => {
    await makeBucket(scene);
    const binding = ['--member=user:reader@example.com', '--role=roles/storage.objectViewer'];
    await scene.run('buckets', 'add-iam-policy-binding', at(scene), ...binding);
    const policy = async () => JSON.parse(await scene.run('buckets', 'get-iam-policy', at(scene), '--format=json'));
    const before = await policy();
    assert.match(JSON.stringify(before), /user:reader@example.com/);
    await scene.run('buckets', 'remove-iam-policy-binding', at(scene), ...binding);
    assert.doesNotMatch(JSON.stringify(await policy()), /user:reader@example.com/);
    // The policy that was read first is stale by now.
    const stale = scene.file('policy.json', JSON.stringify(before));
    await scene.fails(/412/, 'buckets', 'set-iam-policy', at(scene), stale, `--etag=${before.etag}`);
  },

  hmac: async (scene: Scene) => {
    const email = 'gcloud@test.iam.example.com';
    const made = JSON.parse(await scene.run('hmac', 'create', email, '--format=json'));
    const { accessId, state } = made.metadata ?? made;
    assert.deepEqual([made.secret.length, state], [40, 'ACTIVE']);
    await scene.fails(/400/, 'hmac', 'delete', accessId);
    await scene.run('hmac', 'update', accessId, '--deactivate');
    assert.match(await scene.run('hmac', 'describe', accessId), /INACTIVE/);
    await scene.run('hmac', 'delete', accessId);
    assert.doesNotMatch(await scene.run('hmac', 'list'), new RegExp(accessId));
  },

  notifications: async (scene: Scene) => {
    await makeBucket(scene);
    const options = ['--event-types=OBJECT_FINALIZE', '--object-prefix=in/', '--custom-attributes=from=gcloud'];
    const topic = ['--topic=projects/test/topics/topic', '--skip-topic-setup'];
    await scene.run('buckets', 'notifications', 'create', at(scene), ...topic, ...options);
    const listed = JSON.parse(await scene.run('buckets', 'notifications', 'list', at(scene), '--format=json'));
    assert.equal(listed.length, 1);
    const found = listed[0]['Notification Configuration'] ?? listed[0];
    assert.deepEqual([found.event_types, found.object_name_prefix], [['OBJECT_FINALIZE'], 'in/']);
    await scene.run('buckets', 'notifications', 'delete', at(scene));
    assert.equal(await scene.run('buckets', 'notifications', 'list', at(scene), '--format=value(id)'), '');
  },

  folders: async (scene: Scene) => {
    await makeBucket(scene, '--enable-hierarchical-namespace', '--uniform-bucket-level-access');
    await scene.run('folders', 'create', '--recursive', at(scene, 'a/b/'));
    await scene.run('cp', scene.file('file', 'content'), at(scene, 'c/object'));
    const folders = () => scene.lines('folders', 'list', at(scene), '--format=value(name)');
    assert.deepEqual(await folders(), ['a/', 'a/b/', 'c/']);
    await scene.run('mv', at(scene, 'c'), at(scene, 'moved'));
    assert.equal(await scene.run('cat', at(scene, 'moved/object')), 'content');
    await scene.fails(/409|not empty/i, 'folders', 'delete', at(scene, 'a/'));
    await scene.run('folders', 'delete', at(scene, 'a/b/'));
    assert.deepEqual((await folders()).includes('a/b/'), false);
    await scene.run('managed-folders', 'create', at(scene, 'managed/'));
    assert.match(await scene.run('managed-folders', 'describe', at(scene, 'managed/')), /managed\//);
  },
};

const bodies: Partial<Record<Feature, (scene: Scene) => Promise<void>>> = { ...transfers, ...objects, ...buckets };

/** It takes a second or more to do anything: the rest is left to `npm run test:clients`. */
const QUICK: readonly Feature[] = ['upload-resumable', 'list', 'preconditions', 'rewrite', 'keys', 'folders'];

function whySkip(feature: Feature): string | false {
  if (gcloud === undefined) return 'gcloud is not installed';
  return isFullRun || QUICK.includes(feature) ? false : 'it takes minutes: npm run test:clients runs it';
}

testClient('gcloud', {
  skip: whySkip,
  concurrency: CONCURRENCY,
  check: async (feature, { url }) => {
    const body = bodies[feature];
    assert.ok(body, 'nothing is done about this feature');
    await using folder = await temporaryFolder('gcloud');
    // Of an upload's calls only the first has the headers it is told to send.
    using proxy = await startRetryTestProxy(url);
    const settings = { bucket: `gcloud-${feature}`, folder: folder.path, program: program(proxy.url, folder.path) };
    await body(new Scene(proxy.url, settings));
  },
});
