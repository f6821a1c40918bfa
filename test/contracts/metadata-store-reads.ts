import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import { LIMITS, type MetadataStore } from '../../src/stores/metadata/port.ts';
import { manualClock } from '../support/manual-clock.ts';
import {
  below,
  EVERYTHING,
  getOne,
  hex,
  mustCommit,
  put,
  remove,
  type Subject,
  TOP,
  text,
  utf8,
} from './metadata-subject.ts';

/** Keys in byte order. As UTF-16, U+1F600 (surrogates, D83D…) would come before U+E000. */
const ORDERED: readonly Uint8Array[] = [
  Uint8Array.of(0x00),
  Uint8Array.of(0x00, 0x00),
  Uint8Array.of(0x00, 0xff),
  Uint8Array.of(0x01),
  utf8('a'),
  Uint8Array.of(0x61, 0x00),
  Uint8Array.of(0x61, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00),
  Uint8Array.of(0x61, 0x00, 0x01),
  utf8('a/'),
  utf8('a/b'),
  utf8('aB'),
  utf8('ab'),
  utf8('b'),
  utf8('é'),
  utf8('\u{e000}'),
  utf8('\u{1f600}'),
  Uint8Array.of(0xfe),
  Uint8Array.of(0xff),
  Uint8Array.of(0xff, 0x00),
  Uint8Array.of(0xff, 0xff),
  new Uint8Array(2_200).fill(0xff),
];

export function testReads(subject: Subject): void {
  describe('get and scan', () => {
    testOrder(subject);
    testBounds(subject);
    testOwnership(subject);
  });
  describe('snapshot', () => testSnapshots(subject));
}

function testOrder(subject: Subject): void {
  test('keys sort as bytes, in both directions, whatever order they were written in', async (context) => {
    const store = await subject.store(context);
    const shuffled = ORDERED.map((key, index) => ({ key, at: (index * 8) % 21 })).sort((a, b) => a.at - b.at);
    for (const { key } of shuffled) await mustCommit(store, { writes: [put(key, key)] });
    const forward = await store.scan(EVERYTHING, { limit: 100 });
    assert.deepEqual(
      forward.map(({ key }) => hex(key)),
      ORDERED.map(hex),
    );
    for (const row of forward) assert.equal(hex(row.value), hex(row.key));
    const backward = await store.scan(EVERYTHING, { limit: 100, reverse: true });
    assert.deepEqual(
      backward.map(({ key }) => hex(key)),
      ORDERED.map(hex).reverse(),
    );
    const rows = await store.get(ORDERED);
    assert.deepEqual(
      rows.map((row) => row && hex(row.key)),
      ORDERED.map(hex),
    );
  });

  test('every pair of bounds gives exactly the keys between, start in, end out', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: ORDERED.map((key) => put(key, 'v')) });
    for (const [first, start] of ORDERED.entries()) {
      for (const [last, end] of ORDERED.entries()) {
        const wanted = ORDERED.slice(first, Math.max(first, last)).map(hex);
        for (const reverse of [false, true]) {
          const rows = await store.scan({ start, end }, { limit: 100, reverse });
          assert.deepEqual(
            rows.map(({ key }) => hex(key)),
            reverse ? wanted.toReversed() : wanted,
          );
        }
      }
    }
  });

  test('a limit takes the first rows of the direction', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: ['a', 'b', 'c', 'd'].map((key) => put(`x/${key}`, key)) });
    const values = async (limit: number, reverse: boolean) =>
      (await store.scan(below('x/'), { limit, reverse })).map(({ value }) => text(value)).join('');
    assert.equal(await values(1, false), 'a');
    assert.equal(await values(3, false), 'abc');
    assert.equal(await values(4, false), 'abcd');
    assert.equal(await values(5, false), 'abcd');
    assert.equal(await values(1, true), 'd');
    assert.equal(await values(3, true), 'dcb');
    assert.equal(await values(9, true), 'dcba');
  });
}

function testBounds(subject: Subject): void {
  test('a prefix key, an empty suffix and a neighbouring prefix are kept apart', async (context) => {
    const store = await subject.store(context);
    const keys = ['bucket/', 'bucket/a', 'bucket/a/', 'bucket/a/b', 'bucket0', 'bucketAlive/'];
    await mustCommit(store, { writes: keys.map((key) => put(key, key)) });
    const rows = await store.scan(below('bucket/'), { limit: 10 });
    assert.deepEqual(
      rows.map(({ key }) => text(key)),
      ['bucket/', 'bucket/a', 'bucket/a/', 'bucket/a/b'],
    );
    assert.equal(await getOne(store, 'bucket'), undefined);
    assert.equal(text((await getOne(store, 'bucket/'))?.value ?? utf8('')), 'bucket/');
  });

  test('empty and inverted ranges, bounds between keys, and the successor of the longest key', async (context) => {
    const store = await subject.store(context);
    const longest = new Uint8Array(2_200).fill(0x7a);
    await mustCommit(store, { writes: [put('m', ''), put(longest, 'long')] });
    const count = async (start: Uint8Array, end: Uint8Array, reverse = false) =>
      (await store.scan({ start, end }, { limit: 10, reverse })).length;
    for (const reverse of [false, true]) {
      assert.equal(await count(utf8('m'), utf8('m'), reverse), 0);
      assert.equal(await count(utf8('n'), utf8('a'), reverse), 0);
      assert.equal(await count(utf8(''), utf8(''), reverse), 0);
      assert.equal(await count(utf8('l'), utf8('n'), reverse), 1);
      assert.equal(await count(utf8('m'), Uint8Array.of(0x6d, 0x00), reverse), 1);
      assert.equal(await count(Uint8Array.of(0x6d, 0x00), TOP, reverse), 1);
      assert.equal(await count(longest, Uint8Array.of(...longest, 0), reverse), 1);
      assert.equal(await count(Uint8Array.of(...longest, 0), TOP, reverse), 0);
    }
  });

  test('values of 0 bytes and of the limit come back whole; missing keys are undefined, in place', async (context) => {
    const store = await subject.store(context);
    const large = Uint8Array.from({ length: 32_768 }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
    await mustCommit(store, { writes: [put('empty', ''), put('large', large)] });
    const rows = await store.get(['none', 'empty', 'nor this', 'large', 'empty'].map(utf8));
    assert.deepEqual(
      rows.map((row) => row?.value.length),
      [undefined, 0, undefined, 32_768, 0],
    );
    assert.equal(hex(rows[3]?.value ?? utf8('')), hex(large));
    assert.deepEqual(await store.get([]), []);
    const [scanned] = await store.scan(below('large'), { limit: 1 });
    assert.equal(hex(scanned?.value ?? utf8('')), hex(large));
  });

  test('a row keeps the version of the commit that last wrote it', async (context) => {
    const store = await subject.store(context);
    const first = await mustCommit(store, { writes: [put('a', '1'), put('b', '1')] });
    const second = await mustCommit(store, { writes: [put('b', '2')] });
    const third = await mustCommit(store, { writes: [remove('c')] });
    assert.ok(first.version < second.version && second.version < third.version);
    assert.deepEqual(
      (await store.get([utf8('a'), utf8('b')])).map((row) => row?.version),
      [first.version, second.version],
    );
    const rows = await store.scan(EVERYTHING, { limit: 9 });
    assert.deepEqual(
      rows.map(({ version }) => version),
      [first.version, second.version],
    );
  });

  test('keys, bounds and limits outside the contract are refused', async (context) => {
    const store = await subject.store(context);
    const range = below('a');
    const refused: readonly (() => Promise<unknown>)[] = [
      () => store.get([new Uint8Array()]),
      () => store.get([new Uint8Array(2_201)]),
      () => store.scan(range, { limit: 0 }),
      () => store.scan(range, { limit: -1 }),
      () => store.scan(range, { limit: 1.5 }),
      () => store.scan({ start: new Uint8Array(2_202), end: TOP }, { limit: 1 }),
      () => store.head(''),
      () => store.head('a\0b'),
    ];
    for (const call of refused) await assert.rejects(call, (error) => isStraitError(error, 'invalidArgument'));
  });
}

function testOwnership(subject: Subject): void {
  test('arrays handed in may be reused at once; arrays handed out belong to the caller', async (context) => {
    const store = await subject.store(context);
    for (const make of [(from: string) => utf8(from), (from: string) => Buffer.from(from)]) {
      const [key, value, entry] = [make('own'), make('value'), make('entry')];
      const before = await store.head('j');
      const committing = store.commit({
        checks: [],
        writes: [{ kind: 'put', key, value }],
        appends: [{ journal: 'j', value: entry }],
      });
      for (const array of [key, value, entry]) array.fill(0x2a);
      await committing;
      const [row] = await store.get([utf8('own')]);
      const [scanned] = await store.scan(EVERYTHING, { limit: 1 });
      assert.equal(text(row?.value ?? utf8('')), 'value');
      for (const array of [row?.key, row?.value, scanned?.key, scanned?.value]) array?.fill(0x21);
      const again = await getOne(store, 'own');
      assert.equal(text(again?.key ?? utf8('')), 'own');
      assert.equal(text(again?.value ?? utf8('')), 'value');
      assert.equal(text(await firstEntry(store, 'j', before)), 'entry');
    }
  });

  test('reading many rows does not change rows read before', async (context) => {
    const store = await subject.store(context);
    const writes = Array.from({ length: 300 }, (_, index) => put(`row/${index}`, `${index}`.padStart(200, '.')));
    await mustCommit(store, { writes });
    const rows = await Promise.all(writes.map(async ({ key }) => (await store.get([key]))[0]));
    const scanned = await store.scan(EVERYTHING, { limit: 1_000 });
    for (const [index, row] of rows.entries())
      assert.equal(hex(row?.value ?? utf8('')), hex(writes[index]?.value ?? utf8('')));
    for (const row of scanned)
      assert.equal(Number(text(row.value).replaceAll('.', '')), Number(text(row.key).slice(4)));
  });
}

async function firstEntry(store: MetadataStore, journal: string, after: bigint): Promise<Uint8Array> {
  for await (const entry of store.tail(journal, after, new AbortController().signal)) return entry.value;
  throw new Error('the tail ended');
}

function testSnapshots(subject: Subject): void {
  test('all reads of a snapshot are at one version, whatever is committed meanwhile', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: [put('a', 'old'), put('b', 'old'), put('gone', 'old')] });
    const seen = await store.snapshot(async (view) => {
      const early = await view.get([utf8('a')]);
      await mustCommit(store, { writes: [put('a', 'new'), put('b', 'new'), put('c', 'new'), remove('gone')] });
      assert.equal(text((await getOne(store, 'b'))?.value ?? utf8('')), 'new');
      const late = await view.get(['b', 'c', 'gone'].map(utf8));
      const rows = await view.scan(EVERYTHING, { limit: 9 });
      return [...early, ...late, ...rows].map((row) => row && text(row.value));
    });
    assert.deepEqual(seen, ['old', 'old', undefined, 'old', 'old', 'old', 'old']);
    const rows = await store.scan(EVERYTHING, { limit: 9 });
    assert.deepEqual(
      rows.map(({ key }) => text(key)),
      ['a', 'b', 'c'],
    );
  });

  test('a snapshot sees a transfer whole while others run', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: [put('from', '1000'), put('to', '0')] });
    let running = true;
    const transfers = (async () => {
      for (let moved = 1; running && moved < 500; moved += 1) {
        await mustCommit(store, { writes: [put('from', `${1000 - moved}`), put('to', `${moved}`)] });
      }
    })();
    for (let round = 0; round < 40; round += 1) {
      const sum = await store.snapshot(async (view) => {
        const [from] = await view.get([utf8('from')]);
        await new Promise((resolve) => setImmediate(resolve));
        const [to] = await view.scan(below('to'), { limit: 1 });
        return Number(text(from?.value ?? utf8(''))) + Number(text(to?.value ?? utf8('')));
      });
      assert.equal(sum, 1000);
    }
    running = false;
    await transfers;
  });

  test('a snapshot hands on the result and the error of its reader, and is of no use afterwards', async (context) => {
    const store = await subject.store(context);
    assert.equal(await store.snapshot(async () => 7), 7);
    await assert.rejects(
      store.snapshot(async () => {
        throw new Error('the reader failed');
      }),
      /the reader failed/,
    );
    const leaked = await store.snapshot(async (view) => view);
    await assert.rejects(leaked.get([utf8('a')]), (error) => isStraitError(error, 'unavailable'));
    assert.equal((await mustCommit(store, { writes: [put('a', '1')] })).seqs.length, 0);
  });

  test('a snapshot ends after its time, and then frees what it held', async (context) => {
    const place = await subject.place(context);
    const clock = manualClock();
    const store = await place.open(clock);
    await mustCommit(store, { writes: [put('a', '1')] });
    await store.snapshot(async (view) => {
      await clock.advance(LIMITS.snapshotMsMax - 1);
      assert.equal((await view.get([utf8('a')])).length, 1);
      await clock.advance(2_000);
      await assert.rejects(view.get([utf8('a')]), (error) => isStraitError(error, 'unavailable'));
      await assert.rejects(view.scan(EVERYTHING, { limit: 1 }), (error) => isStraitError(error, 'unavailable'));
    });
    assert.equal(text((await getOne(store, 'a'))?.value ?? utf8('')), '1');
    await store.close();
  });

  test('a scan longer than a turn of the event loop is whole, and at one version', async (context) => {
    const store = await subject.store(context);
    const total = 5_000;
    const name = (index: number) => `s/${String(index).padStart(5, '0')}`;
    for (let start = 0; start < total; start += 1_000) {
      const writes = Array.from({ length: 1_000 }, (_, index) => put(name(start + index), 'old'));
      await mustCommit(store, { writes });
    }
    for (const reverse of [false, true]) {
      const scanning = store.scan(below('s/'), { limit: total + 1, reverse });
      await mustCommit(store, { writes: [remove(name(0)), remove(name(total - 1)), put('s/00000a', 'new')] });
      const rows = await scanning;
      const keys = rows.map(({ key }) => text(key));
      assert.deepEqual(keys, reverse ? keys.toSorted().reverse() : keys.toSorted());
      const old = Array.from({ length: total }, (_, index) => name(index));
      const fresh = ['s/00000a', ...old.slice(1, -1)];
      assert.ok([old.join(), fresh.join()].includes(keys.toSorted().join()), `a mix of ${keys.length} rows`);
    }
    assert.equal((await store.scan(below('s/'), { limit: 1_500 })).length, 1_500);
  });

  test('a read started after a commit resolved sees it', async (context) => {
    const store = await subject.store(context);
    for (let round = 0; round < Math.min(200, subject.settings.rounds / 2); round += 1) {
      await store.get([utf8('counter')]);
      await mustCommit(store, { writes: [put('counter', `${round}`)] });
      assert.equal(text((await getOne(store, 'counter'))?.value ?? utf8('')), `${round}`);
    }
  });
}
