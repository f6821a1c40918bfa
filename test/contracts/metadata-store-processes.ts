/** Several processes on one store: nothing missed, nothing out of order, nothing stale. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { type MetadataProcess, startMetadataProcess } from '../support/metadata-process.ts';
import { take } from './metadata-store-journals.ts';
import { getOne, mustCommit, type StorePlace, type Subject, text, utf8 } from './metadata-subject.ts';

const NO_PROCESSES = 'this adapter lives in one process';

export function testProcesses(subject: Subject): void {
  describe('several processes', () => {
    testFollowers(subject);
    testFreshness(subject);
  });
}

interface Shared {
  readonly store: MetadataStore;
  start(...role: string[]): Promise<MetadataProcess>;
}

async function shared(subject: Subject, context: TestContext): Promise<Shared | undefined> {
  const place: StorePlace = await subject.place(context);
  const { childArgs } = place;
  if (childArgs === undefined) {
    context.skip(NO_PROCESSES);
    return undefined;
  }
  const store = await place.open();
  context.after(() => store.close());
  const start = async (...role: string[]) => {
    const process = await startMetadataProcess(childArgs, role);
    context.after(() => process.end());
    return process;
  };
  return { store, start };
}

async function appendMany(store: MetadataStore, count: number, writers: number): Promise<void> {
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const value = utf8(`parent:${next}`);
      next += 1;
      await mustCommit(store, { appends: [{ journal: 'j', value }] });
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

async function collect(process: MetadataProcess): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of process.lines()) lines.push(line);
  return lines;
}

function testFollowers(subject: Subject): void {
  const count = Math.min(2_000, subject.settings.rounds);

  test('a follower in another process misses nothing while this one commits', async (context) => {
    const both = await shared(subject, context);
    if (both === undefined) return;
    const follower = await both.start('follow', 'j', '0', `${count}`);
    const [lines] = await Promise.all([collect(follower), appendMany(both.store, count, 32)]);
    assert.equal(lines.length, count);
    const entries = await take(both.store, 'j', 0n, count);
    assert.deepEqual(
      lines,
      entries.map(({ seq, value }) => `${seq} ${text(value)}`),
    );
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      Array.from({ length: count }, (_, index) => BigInt(index + 1)),
    );
  });

  test('a follower here misses nothing while another process commits', async (context) => {
    const both = await shared(subject, context);
    if (both === undefined) return;
    const writer = await both.start('append', 'j', `${count}`, '32');
    const [entries, said] = await Promise.all([take(both.store, 'j', 0n, count), collect(writer)]);
    const bySeq = said.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    assert.deepEqual(
      entries.map(({ seq, value }) => `${seq} ${text(value)}`),
      bySeq,
    );
  });

  test('two processes append to one journal: dense for both, each entry as its writer was told', async (context) => {
    const both = await shared(subject, context);
    if (both === undefined) return;
    const half = Math.floor(count / 2);
    const follower = await both.start('follow', 'j', '0', `${2 * half}`);
    const writer = await both.start('append', 'j', `${half}`, '16');
    const [followed, said] = await Promise.all([collect(follower), collect(writer), appendMany(both.store, half, 16)]);
    const entries = (await take(both.store, 'j', 0n, 2 * half)).map(({ seq, value }) => `${seq} ${text(value)}`);
    assert.deepEqual(followed, entries);
    for (const line of said) assert.equal(entries[Number.parseInt(line, 10) - 1], line);
    assert.equal(await both.store.head('j'), BigInt(2 * half));
  });
}

function testFreshness(subject: Subject): void {
  test('what another process was told is committed, a read begun here afterwards sees', async (context) => {
    const both = await shared(subject, context);
    if (both === undefined) return;
    const count = Math.min(300, subject.settings.rounds);
    const writer = await both.start('put', `${count}`);
    let heard = 0;
    for await (const key of writer.lines()) {
      const row = await getOne(both.store, key);
      assert.equal(row && text(row.value), key);
      heard += 1;
    }
    assert.equal(heard, count);
  });

  test('a process killed while it commits loses nothing it acknowledged, and blocks nobody', async (context) => {
    const both = await shared(subject, context);
    if (both === undefined) return;
    for (const afterLines of [3, 20, 41]) {
      const writer = await both.start('append', `d${afterLines}`, '100000', '16');
      const told: string[] = [];
      for (; told.length < afterLines; ) told.push(await writer.line());
      await writer.end();
      await mustCommit(both.store, { appends: [{ journal: `d${afterLines}`, value: utf8('after') }] });
      const head: number = Number(await both.store.head(`d${afterLines}`));
      const entries: string[] = (await take(both.store, `d${afterLines}`, 0n, head)).map(
        ({ seq, value }) => `${seq} ${text(value)}`,
      );
      assert.equal(entries.at(-1), `${head} after`);
      for (const line of told) assert.equal(entries[Number.parseInt(line, 10) - 1], line);
    }
  });
}
