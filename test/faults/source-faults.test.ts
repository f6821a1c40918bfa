/** A source that fails in every way a network knows, a site whose disk is full, and a blob that rots. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FOLLOWER_DEFAULTS } from '../../src/apps/demo/check/site-follower.ts';
import { demoSites, startSites, stopSites } from '../../src/apps/demo/demo-sites.ts';
import { runLake } from '../../src/apps/demo/lake-run.ts';
import { anyPort, SiteProcess } from '../../src/apps/demo/site-process.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FAULTS, FaultProxy } from '../support/fault-proxy.ts';
import { figureFor } from '../support/full-figures.ts';
import { patterned } from '../support/patterned-bytes.ts';
import { recordFigure } from '../support/record-figure.ts';
import { SAMPLES_MISSING, sampleTable } from '../support/sample-tables.ts';
import { ServedSite, scratch, until } from '../support/serve-site.ts';
import { smallDisk } from '../support/small-disk.ts';
import { prepareSample } from '../support/two-sites.ts';

const MIB = 1024 * 1024;
const FAULTY_SHARE = 0.15;
const QUICK_SYNC = ['--tail-poll-ms', '100', '--tail-poll-max-ms', '500', '--reconcile-ms', '1s'];
const seeds = figureFor({ quick: [1], full: [1, 2, 3, 4, 5, 6, 7, 8] });

for (const seed of seeds) {
  test(`a table arrives whole through a source that fails in every way, seed ${seed}`, {
    skip: SAMPLES_MISSING,
    timeout: 240_000,
  }, async (t) => {
    const folder = await scratch(t, 'faults');
    const table = await prepareSample(sampleTable('delta-dv-partitioned-checkpoint'));
    const lone = { folder, cloudPort: await anyPort(), sitePorts: {}, cloudArgs: [], siteArgs: [] };
    const { cloud } = demoSites(systemClock, [table], lone);
    const proxy = await FaultProxy.start(cloud.url, { share: FAULTY_SHARE, seed });
    t.after(() => proxy.close());
    const args = [...QUICK_SYNC, '--cloud', proxy.url, '--retire-grace-ms', '2s', '--loose-after-ms', '1s'];
    const spec = { name: 'east', port: await anyPort(), folder: join(folder, 'east'), args };
    const processes = { cloud, sites: [new SiteProcess(systemClock, spec)] };
    t.after(() => stopSites(processes));
    await startSites(processes);
    const report = await runLake(
      { clock: systemClock, signal: new AbortController().signal },
      {
        processes,
        tables: [table],
        settings: {
          commitsPerSecond: 1,
          seed,
          convergeMs: 120_000,
          cloudPatienceMs: 30_000,
          reading: { ...FOLLOWER_DEFAULTS, pauseMs: 50 },
        },
        // The faults end a little after the last commit: until then publishes go on through them.
        beside: async ({ replay, signal }) => {
          const steps = table.plan.steps.length;
          while (!signal.aborted && (replay.tables()[0]?.commits ?? 0) < steps) await systemClock.sleep(50, signal);
          await systemClock.sleep(3_000, signal);
          proxy.calm();
        },
      },
    );
    const faults = [...proxy.done.values()].reduce((sum, count) => sum + count, 0);
    recordFigure({ name: `source faults, seed ${seed}: faults`, value: faults });
    recordFigure({
      name: `source faults, seed ${seed}: by kind`,
      value: JSON.stringify(Object.fromEntries(proxy.done)),
    });
    recordFigure({ name: `source faults, seed ${seed}: problems`, value: report?.problems.length ?? -1 });
    assert.deepEqual(report?.problems, []);
    assert.ok(proxy.done.size >= FAULTS.length - 1, `only these came: ${[...proxy.done.keys()]}`);
  });
}

async function put(cloud: ServedSite, name: string, bytes: Uint8Array): Promise<void> {
  const path = `/upload/storage/v1/b/lake-one/o?uploadType=media&name=${encodeURIComponent(name)}`;
  await cloud.json(path, { method: 'POST', body: Buffer.from(bytes) });
}

function media(site: ServedSite, name: string): Promise<Response> {
  return fetch(`${site.url}/storage/v1/b/lake-one/o/${encodeURIComponent(name)}?alt=media`);
}

async function bytesOf(site: ServedSite, name: string): Promise<Buffer> {
  const response = await media(site, name);
  assert.equal(response.status, 200);
  return Buffer.from(await response.arrayBuffer());
}

test('a full disk at a site raises an alarm, leaves what is there alone, and is made up for with room again', {
  timeout: 120_000,
}, async (t) => {
  const disk = smallDisk(40);
  if (typeof disk === 'string') return t.skip(disk);
  t.after(() => disk[Symbol.asyncDispose]());
  const cloud = await ServedSite.start(t);
  await cloud.createBucket('lake-one');
  const early = patterned(MIB, 7);
  await put(cloud, 'early', early);
  const args = ['--cloud', cloud.url, ...QUICK_SYNC];
  const site = await ServedSite.start(t, { site: 'east', data: join(disk.path, 'east'), args });
  await until('the first object is here', { withinMs: 20_000 }, () => site.isCaughtUp());
  const late = Array.from({ length: 8 }, (_, index) => ({ name: `late-${index}`, bytes: patterned(8 * MIB, index) }));
  for (const { name, bytes } of late) await put(cloud, name, bytes);
  await until('an alarm', { withinMs: 30_000 }, async () => {
    const { alarms, trouble, caughtUp } = await site.status();
    return !caughtUp && alarms.length > 0 && Object.keys(trouble).length > 0;
  });
  const { alarms, trouble } = await site.status();
  recordFigure({ name: 'full disk: alarms and trouble', value: JSON.stringify([alarms, Object.values(trouble)[0]]) });
  assert.ok((await bytesOf(site, 'early')).equals(early), 'what is here is read as ever');
  assert.equal((await fetch(`${site.url}/readyz`)).status, 200);
  disk.resize(400);
  await until('all is here', { withinMs: 60_000 }, () => site.isCaughtUp());
  for (const { name, bytes } of late) assert.ok((await bytesOf(site, name)).equals(bytes), name);
  await until('the alarm ends', { withinMs: 20_000 }, async () => (await site.status()).alarms.length === 0);
});

test('a blob that rots at a site is an error to its readers, never wrong bytes', { timeout: 60_000 }, async (t) => {
  const cloud = await ServedSite.start(t);
  await cloud.createBucket('lake-one');
  const content = patterned(MIB, 3);
  await put(cloud, 'sound', content);
  const site = await ServedSite.start(t, { site: 'east', args: ['--cloud', cloud.url, ...QUICK_SYNC] });
  await until('here', { withinMs: 20_000 }, () => site.isCaughtUp());
  assert.ok((await bytesOf(site, 'sound')).equals(content));
  const [file] = await blobFiles(join(site.data, 'blobs'));
  assert.ok(file !== undefined);
  const sound = await readFile(file);
  for (const at of [sound.length >> 3, sound.length >> 1, sound.length - 5]) {
    const rotten = Buffer.from(sound);
    rotten[at] = (rotten[at] ?? 0) ^ 1;
    await writeFile(file, rotten);
    await assert.rejects(bytesOf(site, 'sound'), `byte ${at}`);
  }
  await writeFile(file, sound.subarray(0, sound.length - 100));
  await assert.rejects(bytesOf(site, 'sound'), 'cut short');
  await writeFile(file, sound);
  assert.ok((await bytesOf(site, 'sound')).equals(content), 'and the site goes on');
});

async function blobFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const isBlob = /^[0-9a-f]{32}$/;
  return entries.filter((one) => one.isFile() && isBlob.test(one.name)).map((one) => join(one.parentPath, one.name));
}
