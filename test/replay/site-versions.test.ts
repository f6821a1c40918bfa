/**
 * While a table's commits come down, each listing of versions at a site agrees with what that site shows: what it calls
 * live is what its plain listing has, and nothing of a commit that is not shown there is among the rest.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO_BUCKET } from '../../src/apps/demo/demo-tables.ts';
import type { RunningLake } from '../../src/apps/demo/lake-run.ts';
import { recordFigure } from '../support/record-figure.ts';
import { SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import { prepareSample, runTwoSites, SERVE_MISSING } from '../support/two-sites.ts';

interface Listed {
  readonly name: string;
  readonly generation: string;
  readonly timeCreated: string;
  readonly timeDeleted?: string;
}

const BUCKET = `/storage/v1/b/${DEMO_BUCKET}`;
const PAUSE_MS = 50;

async function list(url: string, query: string): Promise<readonly Listed[]> {
  const all: Listed[] = [];
  let pageToken = '';
  do {
    const response = await fetch(`${url}${BUCKET}/o?${query}&pageToken=${encodeURIComponent(pageToken)}`);
    assert.equal(response.status, 200, await response.clone().text());
    const page = (await response.json()) as { items?: readonly Listed[]; nextPageToken?: string };
    all.push(...(page.items ?? []));
    pageToken = page.nextPageToken ?? '';
  } while (pageToken !== '');
  return all;
}

async function keepVersions(url: string): Promise<void> {
  const init = { method: 'PATCH', headers: { 'content-type': 'application/json' } };
  const body = JSON.stringify({ versioning: { enabled: true } });
  while ((await fetch(`${url}${BUCKET}`, { ...init, body })).status !== 200) await pause();
}

const pause = () => new Promise((wake) => setTimeout(wake, PAUSE_MS));
const idOf = ({ name, generation }: Listed) => `${name}#${generation}`;

test('a listing of versions never disagrees with what a site shows', {
  skip: SAMPLES_MISSING || SERVE_MISSING,
  timeout: 240_000,
}, async () => {
  const [table] = sampleTables().filter(({ name }) => name === 'iceberg-v2-equality-deletes-partitioned');
  assert.ok(table !== undefined);
  const seen = { compared: 0, past: 0 };
  const compare = async (url: string) => {
    const before = await list(url, '');
    const versions = await list(url, 'versions=true&maxResults=7');
    const shown = new Map(before.map((one) => [one.name, one]));
    // Something was published or retired meanwhile: which of the two a page is of cannot be told.
    if (before.map(idOf).join() !== (await list(url, '')).map(idOf).join()) return;
    const live = versions.filter(({ timeDeleted }) => timeDeleted === undefined);
    assert.deepEqual(live.map(idOf), before.map(idOf));
    for (const past of versions.filter(({ timeDeleted }) => timeDeleted !== undefined)) {
      const current = shown.get(past.name);
      assert.notEqual(past.generation, current?.generation);
      assert.ok(current === undefined || past.timeCreated <= current.timeCreated, `${idOf(past)} came later`);
      seen.past += 1;
    }
    seen.compared += 1;
  };
  const beside = async ({ processes, signal }: RunningLake) => {
    await keepVersions(processes.cloud.url);
    for (const { url } of processes.sites) while ((await fetch(`${url}${BUCKET}`)).status !== 200) await pause();
    while (!signal.aborted) {
      for (const { url } of processes.sites) await compare(url);
      await pause();
    }
  };
  const report = await runTwoSites({
    tables: [await prepareSample(table)],
    commitsPerSecond: 1,
    // Generations on its wire are in no order.
    cloudArgs: ['--as-gcs', 'plain'],
    beside,
  });
  assert.deepEqual(report.problems, []);
  recordFigure({ name: 'listings of versions compared with what is shown', value: seen.compared });
  assert.ok(seen.compared >= 3, `${seen.compared} listings were compared`);
  assert.ok(seen.past > 0, 'some had past versions');
});
