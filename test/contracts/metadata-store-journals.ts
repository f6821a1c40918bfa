import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import type { JournalEntry, MetadataStore } from '../../src/stores/metadata/port.ts';
import { mustCommit, type Subject, text, utf8 } from './metadata-subject.ts';

export function testJournals(subject: Subject): void {
  describe('journals', () => {
    testAppends(subject);
    testTails(subject);
  });
}

/** The first `count` entries after `after`; fails when they do not come within 20 s. */
export async function take(
  store: MetadataStore,
  journal: string,
  after: bigint,
  count: number,
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  const signal = AbortSignal.timeout(20_000);
  for await (const entry of store.tail(journal, after, signal)) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  assert.equal(entries.length, count, `the tail of ${journal} gave ${entries.length} of ${count} entries`);
  return entries;
}

export function assertDense(entries: readonly JournalEntry[], after: bigint): void {
  for (const [index, { seq }] of entries.entries()) assert.equal(seq, after + BigInt(index) + 1n);
}

const append = (store: MetadataStore, journal: string, value: string) =>
  mustCommit(store, { appends: [{ journal, value: utf8(value) }] });

function testAppends(subject: Subject): void {
  test('64 concurrent appenders get dense seqs from 1 and never conflict', async (context) => {
    const store = await subject.store(context);
    const each = Math.max(2, Math.floor(subject.settings.rounds / 64));
    const seqs: bigint[] = [];
    const appender = async (name: number) => {
      for (let index = 0; index < each; index += 1) {
        const outcome = await append(store, 'busy', `${name}:${index}`);
        seqs.push(...outcome.seqs);
      }
    };
    await Promise.all(Array.from({ length: 64 }, (_, name) => appender(name)));
    seqs.sort((a, b) => Number(a - b));
    assert.deepEqual(
      seqs,
      Array.from({ length: 64 * each }, (_, index) => BigInt(index + 1)),
    );
    assert.equal(await store.head('busy'), BigInt(64 * each));
    const entries = await take(store, 'busy', 0n, 64 * each);
    assertDense(entries, 0n);
    for (let name = 0; name < 64; name += 1) {
      const own = entries.map(({ value }) => text(value)).filter((value) => value.startsWith(`${name}:`));
      assert.deepEqual(
        own,
        Array.from({ length: each }, (_, index) => `${name}:${index}`),
      );
    }
  });

  test('journals do not touch one another, whatever their names', async (context) => {
    const store = await subject.store(context);
    const names = ['j', 'j/', 'j0', 'jj', 'é', '\u{e000}', '\u{1f600}', 'J', 'x'.repeat(512)];
    await Promise.all(names.map((name) => append(store, name, `first of ${name}`)));
    await Promise.all(names.map((name) => append(store, name, `second of ${name}`)));
    for (const name of names) {
      assert.equal(await store.head(name), 2n);
      const entries = await take(store, name, 0n, 2);
      assert.deepEqual(
        entries.map(({ value }) => text(value)),
        [`first of ${name}`, `second of ${name}`],
      );
    }
    assert.equal(await store.head('none'), 0n);
  });

  test('seqs go on after a reopen', async (context) => {
    const place = await subject.place(context);
    if (!place.reopens) return context.skip('this adapter keeps nothing past close');
    let store = await place.open();
    for (const value of ['1', '2', '3']) await append(store, 'j', value);
    await store.close();
    store = await place.open();
    assert.equal(await store.head('j'), 3n);
    assert.deepEqual((await append(store, 'j', '4')).seqs, [4n]);
    assert.deepEqual(
      (await take(store, 'j', 1n, 3)).map(({ value }) => text(value)),
      ['2', '3', '4'],
    );
    await store.close();
  });
}

function testTails(subject: Subject): void {
  test('a tail gives what is there, then what comes, in order and without gaps, from any position', async (context) => {
    const store = await subject.store(context);
    const total = Math.max(60, Math.min(600, subject.settings.rounds));
    const half = Math.floor(total / 2);
    for (let index = 0; index < half; index += 1) await append(store, 'j', `${index + 1}`);
    const following = [0n, 1n, BigInt(half), BigInt(half + 7)].map(async (after) => {
      const entries = await take(store, 'j', after, total - Number(after));
      assertDense(entries, after);
      for (const { seq, value } of entries) assert.equal(text(value), `${seq}`);
    });
    for (let index = half; index < total; index += 1) await append(store, 'j', `${index + 1}`);
    await Promise.all(following);
  });

  test('a tail never shows an entry before its commit is there to read', async (context) => {
    const store = await subject.store(context);
    const total = 100;
    const following = (async () => {
      for await (const { seq, value } of store.tail('j', 0n, AbortSignal.timeout(20_000))) {
        const [row] = await store.get([value]);
        assert.ok(row, `entry ${seq} came before its row`);
        if (seq === BigInt(total)) return;
      }
      assert.fail('the tail ended early');
    })();
    for (let index = 0; index < total; index += 1) {
      const key = utf8(`row/${index}`);
      await mustCommit(store, { writes: [{ kind: 'put', key, value: key }], appends: [{ journal: 'j', value: key }] });
    }
    await following;
  });

  test('a tail ends without an error when its signal aborts: waiting, between entries, or before', async (context) => {
    const store = await subject.store(context);
    await append(store, 'j', '1');
    const waiting = new AbortController();
    const seen: bigint[] = [];
    const following = (async () => {
      for await (const { seq } of store.tail('j', 0n, waiting.signal)) seen.push(seq);
    })();
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    waiting.abort();
    await following;
    const between = new AbortController();
    for await (const { seq } of store.tail('j', 0n, between.signal)) {
      seen.push(seq);
      between.abort();
    }
    for await (const { seq } of store.tail('j', 0n, AbortSignal.abort())) seen.push(seq);
    assert.deepEqual(seen, [1n, 1n]);
  });

  test('a waiting tail fails with unavailable when the store closes', async (context) => {
    const place = await subject.place(context);
    const store = await place.open();
    const following = assert.rejects(
      async () => {
        for await (const { seq } of store.tail('j', 0n, new AbortController().signal)) assert.fail(`entry ${seq}`);
      },
      (error) => isStraitError(error, 'unavailable'),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    await following;
  });

  test('abandoned tails cost later commits nothing that grows', async (context) => {
    const store = await subject.store(context);
    await append(store, 'j', '1');
    for (let index = 0; index < 200; index += 1) {
      for await (const { seq } of store.tail('j', 0n, new AbortController().signal)) if (seq === 1n) break;
    }
    assert.deepEqual((await append(store, 'j', '2')).seqs, [2n]);
  });
}
