/**
 * What a quiet lake costs in calls to the cloud (GCS bills them). In a window of W ms, with T tables and O objects:
 *
 *   polls      objects.get, and listings of a log   ≤ T × (W / poll interval + 1)
 *   listings   objects.list                         ≤ (W / reconcileMs + 1) × pages, pages = O / 1,000 + 1
 *   buckets    buckets.list                         ≤ W / bucket interval + 1
 *
 * The bucket interval is 1 s in the first minute after a bucket was found, and reconcileMs later. The poll interval is
 * tailPollMs in the first minute without news, then grows to tailPollMaxMs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureFor, isFullRun } from '../support/full-figures.ts';
import { type PreloadedObject, preloadLake } from '../support/preload-lake.ts';
import { recordFigure } from '../support/record-figure.ts';
import { ServedSite, scratch, until } from '../support/serve-site.ts';

const objects = figureFor({ quick: 2_000, full: 10_000 });
const windowMs = figureFor({ quick: 10_000, full: 600_000 });
/** The defaults of a site in a full run. */
const reconcileMs = figureFor({ quick: 5_000, full: 30_000 });
const pollMs = figureFor({ quick: 2_000, full: 10_000 });
const bucketMs = figureFor({ quick: 1_000, full: 30_000 });
/** Until both intervals have grown to what they are for good. */
const settleMs = figureFor({ quick: 2_000, full: 60_000 * 21 });
const args = isFullRun ? [] : ['--reconcile-ms', '5s', '--tail-poll-ms', '2s', '--tail-poll-max-ms', '2s'];
const TABLES = ['orders', 'events'];

function* deltaTable(name: string): Generator<PreloadedObject> {
  const schemaString = JSON.stringify({ type: 'struct', fields: [] });
  const actions = [
    { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
    {
      metaData: { id: name, format: { provider: 'parquet', options: {} }, schemaString, partitionColumns: [] },
    },
    { add: { path: 'part-0.parquet', partitionValues: {}, size: 4, modificationTime: 1, dataChange: true } },
  ];
  yield { name: `${name}/part-0.parquet`, bytes: Buffer.from('PAR1') };
  const log = actions.map((action) => `${JSON.stringify(action)}\n`).join('');
  yield { name: `${name}/_delta_log/00000000000000000000.json`, bytes: Buffer.from(log) };
}

function* lake(): Generator<PreloadedObject> {
  for (const name of TABLES) yield* deltaTable(name);
  for (let index = 0; index < objects; index += 1) {
    yield { name: `plain/${String(index).padStart(6, '0')}`, bytes: Buffer.from(`object ${index}`) };
  }
}

interface Calls {
  readonly all: number;
  readonly gets: number;
  readonly lists: number;
  readonly buckets: number;
}

async function callsAt(cloud: ServedSite): Promise<Calls> {
  const count = (operation: string) => cloud.counter('strait_http_requests_total', operation);
  const [all, metrics, gets, lists, buckets] = await Promise.all([
    count(''),
    count('operation="admin.'),
    count('operation="objects.get"'),
    count('operation="objects.list"'),
    count('operation="buckets.'),
  ]);
  return { all: all - metrics, gets, lists, buckets };
}

test(`${objects} plain objects and ${TABLES.length} tables, idle for ${windowMs / 1000} s, cost few calls`, {
  timeout: 45 * 60_000,
}, async (t) => {
  const data = await scratch(t, 'cloud');
  await preloadLake(data, 'lake-idle', lake());
  const cloud = await ServedSite.start(t, { data });
  const site = await ServedSite.start(t, { site: 'east', args: ['--cloud', cloud.url, ...args] });
  await until('caught up', { withinMs: 120_000 }, () => site.isCaughtUp());
  const { tables } = await site.status();
  assert.equal(tables.length, TABLES.length);
  await new Promise((wake) => setTimeout(wake, settleMs));
  const before = await callsAt(cloud);
  const started = performance.now();
  await new Promise((wake) => setTimeout(wake, windowMs));
  const after = await callsAt(cloud);
  const spentMs = performance.now() - started;
  const within = (intervalMs: number) => Math.floor(spentMs / intervalMs) + 1;
  const allowed = {
    gets: TABLES.length * within(pollMs),
    lists: within(reconcileMs) * (Math.floor(objects / 1000) + 1),
    buckets: within(bucketMs),
  };
  const spent = {
    gets: after.gets - before.gets,
    lists: after.lists - before.lists,
    buckets: after.buckets - before.buckets,
  };
  const all = after.all - before.all;
  const allAllowed = allowed.gets + allowed.lists + allowed.buckets;
  recordFigure({ name: `idle for ${windowMs / 1000} s: calls`, value: all });
  recordFigure({ name: 'allowed', value: allAllowed });
  recordFigure({ name: 'polls, listings, buckets', value: `${spent.gets}, ${spent.lists}, ${spent.buckets}` });
  assert.ok(spent.gets > 0 && spent.lists > 0 && spent.buckets > 0, 'it follows');
  assert.ok(spent.gets <= allowed.gets, `${spent.gets} polls, ${allowed.gets} allowed`);
  assert.ok(spent.lists <= allowed.lists, `${spent.lists} listings, ${allowed.lists} allowed`);
  assert.ok(spent.buckets <= allowed.buckets, `${spent.buckets} questions for buckets, ${allowed.buckets} allowed`);
  // The two readings of the counters are no calls of the site.
  assert.ok(all <= allAllowed + 10, `${all} calls, ${allAllowed} allowed`);
});
