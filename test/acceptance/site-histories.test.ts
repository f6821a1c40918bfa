/**
 * Random changes of a cloud's buckets, and after each handful every read compared at the site: whatever the history,
 * the site answers as the cloud does. The number of a history is its seed; a full run tries more of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInParallel } from '../../src/namespace/in-parallel.ts';
import { Dice } from '../fuzz/dice.ts';
import { FollowedCloud } from '../support/following-site.ts';
import { figureFor } from '../support/full-figures.ts';
import type { Gcs } from '../support/gcs.ts';

const seg = encodeURIComponent;

const HISTORIES = figureFor({ quick: 2, full: 60 });
const ROUNDS = 3;
const CHANGES_A_ROUND = 30;

const NAMES = ['a', 'dir/', 'dir/b', 'dir/sub/c', 'dür/é', 'z'] as const;
const FOLDERS = ['dir/', 'dir/sub/', 'empty/', 'other/'] as const;
const MANAGED = ['dir/', 'managed/', 'managed/sub/'] as const;
const BUCKETS = ['flat', 'plain', 'tree'] as const;

/** A flat bucket with versions and access lists, one with uniform access and no versions, a hierarchical one. */
const MADE: Readonly<Record<(typeof BUCKETS)[number], Readonly<Record<string, unknown>>>> = {
  flat: { versioning: { enabled: true }, softDeletePolicy: { retentionDurationSeconds: '604800' } },
  plain: {
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    softDeletePolicy: { retentionDurationSeconds: '0' },
  },
  tree: {
    hierarchicalNamespace: { enabled: true },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
  },
};

/** One random change. What the cloud refuses is no change: histories hold refusals too. */
async function change(cloud: Gcs, dice: Dice): Promise<void> {
  const bucket = dice.pick(BUCKETS);
  const base = `/storage/v1/b/${bucket}`;
  const at = (name: string) => `${base}/o/${seg(name)}`;
  const [name, other] = [dice.pick(NAMES), dice.pick(NAMES)];
  const send = (verb: string, path: string, body?: Readonly<Record<string, unknown>>) =>
    cloud.call(verb, path, body === undefined ? {} : { body });
  const versions = async () =>
    (await cloud.list(bucket, `?versions=true&prefix=${seg(name)}`)).json.items?.filter((one) => one.name === name) ??
    [];
  const year = 2030 + dice.below(5);
  const grant = { entity: dice.pick(['allUsers', 'user-ann@example.com', 'group-x@example.com']), role: 'READER' };
  const changes: readonly (() => Promise<unknown>)[] = [
    () => cloud.tryPut(bucket, name, dice.bytes(dice.below(40))),
    () => cloud.tryPut(bucket, name, 'again'),
    () =>
      cloud.insert(bucket, {
        name,
        metadata: { k: `${year}` },
        contentLanguage: 'el',
        temporaryHold: dice.chance(0.2),
      }),
    () =>
      cloud.insert(bucket, { name, contexts: { custom: { year: { value: `${year}` } } }, storageClass: 'NEARLINE' }),
    () => send('DELETE', at(name)),
    async () => {
      const found = await versions();
      if (found.length > 0) await send('DELETE', `${at(name)}?generation=${dice.pick(found).generation}`);
    },
    async () => {
      const found = await versions();
      const version = found.length > 0 ? `?generation=${dice.pick(found).generation}` : '';
      await send('PATCH', `${at(name)}${version}`, { metadata: { patched: `${year}` }, cacheControl: 'no-store' });
    },
    () => send('PATCH', at(name), { temporaryHold: false, eventBasedHold: dice.chance(0.3) }),
    () => send('PATCH', at(name), { customTime: `${year}-01-01T00:00:00Z`, metadata: null }),
    () => send('POST', `${at(name)}/copyTo/b/${bucket}/o/${seg(other)}`, {}),
    () => send('POST', `${at(name)}/moveTo/o/${seg(other)}`, {}),
    () => send('POST', `${at(other)}/compose`, { sourceObjects: [{ name }, { name: other }] }),
    async () => {
      const { items = [] } = (await cloud.list(bucket, '?softDeleted=true')).json;
      if (items.length === 0) return;
      const { name: gone, generation } = dice.pick(items);
      await send('POST', `${at(gone)}/restore?generation=${generation}`, {});
    },
    () => send('POST', `${at(name)}/acl`, grant),
    () => send('DELETE', `${at(name)}/acl/${grant.entity}`),
    () => send('POST', `${base}/acl`, grant),
    () => send('POST', `${base}/defaultObjectAcl`, grant),
    () => send('DELETE', `${base}/defaultObjectAcl/${grant.entity}`),
    () => send('PATCH', base, { labels: { year: `${year}` }, defaultEventBasedHold: dice.chance(0.2) }),
    () =>
      send('PATCH', base, { retentionPolicy: dice.chance(0.5) ? null : { retentionPeriod: `${1 + dice.below(9)}` } }),
    () => send('PATCH', base, { versioning: { enabled: dice.chance(0.7) } }),
    () =>
      send('PUT', `${base}/iam`, {
        bindings: [{ role: 'roles/storage.objectViewer', members: ['user:b@example.com'] }],
      }),
    () => send('POST', `${base}/folders?recursive=true`, { name: dice.pick(FOLDERS) }),
    () => send('DELETE', `${base}/folders/${seg(dice.pick(FOLDERS))}`),
    () => send('POST', `${base}/folders/${seg(dice.pick(FOLDERS))}/renameTo/folders/${seg(dice.pick(FOLDERS))}`),
    () => send('POST', `${base}/managedFolders`, { name: dice.pick(MANAGED) }),
    () => send('DELETE', `${base}/managedFolders/${seg(dice.pick(MANAGED))}?allowNonEmpty=true`),
    () => send('POST', `${base}/notificationConfigs`, { topic: TOPIC, payload_format: 'NONE' }),
    () => send('POST', `${base}/anywhereCaches`, { zone: 'us-east1-b' }),
  ];
  await dice.pick(changes)();
}

const TOPIC = '//pubsub.googleapis.com/projects/example/topics/topic';

/** Every read of one bucket: of the bucket, of all there is in it and of all there was. */
function* readsOf(bucket: string, versions: readonly Version[]): Generator<string> {
  const base = `/b/${bucket}`;
  for (const rest of ['', '?projection=full', '/acl', '/defaultObjectAcl', '/iam?optionsRequestedPolicyVersion=3'])
    yield base + rest;
  for (const rest of ['/storageLayout', '/notificationConfigs', '/anywhereCaches', '/operations', '/folders'])
    yield base + rest;
  for (const name of FOLDERS) yield `${base}/folders/${seg(name)}`;
  yield `${base}/managedFolders`;
  for (const name of MANAGED) yield* [`${base}/managedFolders/${seg(name)}`, `${base}/managedFolders/${seg(name)}/iam`];
  for (const view of ['', '&projection=full', '&versions=true', '&softDeleted=true', '&versions=true&projection=full'])
    for (const shape of SHAPES) yield `${base}/o?${shape}${view}`;
  for (const shape of SHAPES) yield `${base}/o?${shape}&includeFoldersAsPrefixes=true`;
  for (const name of NAMES) {
    for (const rest of ['', '?projection=full', '?alt=media', '/acl', '/iam', '/acl/allUsers'])
      yield `${base}/o/${seg(name)}${rest}`;
  }
  for (const { name, generation } of versions) {
    const of = `${base}/o/${seg(name)}`;
    for (const rest of ['', '&projection=full', '&alt=media', '&softDeleted=true'])
      yield `${of}?generation=${generation}${rest}`;
    yield `${of}/acl?generation=${generation}`;
  }
}

const SHAPES = ['', 'delimiter=/', 'prefix=d&delimiter=/', 'prefix=dir/&delimiter=/&includeTrailingDelimiter=true'];

interface Version {
  readonly name: string;
  readonly generation: string;
}

/** Versions the cloud has had at any time so far. */
async function remember(cloud: Gcs, bucket: string, known: Map<string, Version>): Promise<readonly Version[]> {
  for (const query of ['?versions=true', '?softDeleted=true']) {
    const { items = [] } = (await cloud.list(bucket, query)).json;
    for (const { name, generation } of items) known.set(`${bucket}/${name}#${generation}`, { name, generation });
  }
  return [...known.keys()].flatMap((key) => (key.startsWith(`${bucket}/`) ? (known.get(key) ?? []) : []));
}

for (let history = 1; history <= HISTORIES; history += 1) {
  test(`history ${history}: every read is the cloud's`, async () => {
    const dice = new Dice(history);
    await using followed = await FollowedCloud.start();
    const { cloud } = followed;
    for (const name of BUCKETS) {
      const made = await cloud.call('POST', '/storage/v1/b?project=p', { body: { name, ...MADE[name] } });
      assert.equal(made.status, 200, made.text);
    }
    const known = new Map<string, Version>();
    let reads = 0;
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (let count = 0; count < CHANGES_A_ROUND; count += 1) await change(cloud, dice);
      await followed.gateway.runChores();
      for (const bucket of BUCKETS) {
        await followed.arrived(bucket);
        const paths = [...readsOf(bucket, await remember(cloud, bucket, known))];
        await runInParallel(paths, async (path) => void (await followed.sameRead(path)));
        reads += paths.length;
      }
      await followed.sameRead('/b?project=p&projection=full');
    }
    assert.ok(reads > 500, `${reads} reads were compared`);
  });
}
