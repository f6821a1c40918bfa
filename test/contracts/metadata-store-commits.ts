import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import type { Check, CommitOutcome, MetadataStore, Stamp, Transaction, Write } from '../../src/stores/metadata/port.ts';
import { recordFigure } from '../support/record-figure.ts';
import {
  below,
  EVERYTHING,
  getOne,
  hex,
  mustCommit,
  put,
  remove,
  type Subject,
  text,
  utf8,
} from './metadata-subject.ts';

export function testCommits(subject: Subject): void {
  describe('checks', () => {
    testChecks(subject);
    testRaces(subject);
  });
  describe('stamps and mints', () => testStamps(subject));
  describe('limits', () => testLimits(subject));
  describe('rates', () => testRates(subject));
}

function testChecks(subject: Subject): void {
  test('each kind of check holds and fails as it says, and a failed check leaves nothing behind', async (context) => {
    const store = await subject.store(context);
    const { version } = await mustCommit(store, { writes: [put('a', '1'), put('p/x', '1')] });
    const holds: readonly Check[] = [
      { kind: 'version', key: utf8('a'), version },
      { kind: 'absent', key: utf8('b') },
      { kind: 'absent', key: utf8('p/') },
      { kind: 'rangeEmpty', range: below('q/') },
      { kind: 'rangeEmpty', range: { start: utf8('p/y'), end: utf8('p0') } },
      { kind: 'rangeEmpty', range: { start: utf8('z'), end: utf8('a') } },
    ];
    const fails: readonly Check[] = [
      { kind: 'version', key: utf8('a'), version: version + 1n },
      { kind: 'version', key: utf8('a'), version: version - 1n },
      { kind: 'version', key: utf8('b'), version },
      { kind: 'version', key: utf8('b'), version: 0n },
      { kind: 'absent', key: utf8('a') },
      { kind: 'rangeEmpty', range: below('p/') },
      { kind: 'rangeEmpty', range: { start: utf8('p/x'), end: utf8('p/x\0') } },
      { kind: 'rangeEmpty', range: EVERYTHING },
    ];
    await mustCommit(store, { checks: holds });
    for (const failing of fails) {
      const outcome = await store.commit({
        checks: [...holds, failing],
        writes: [put('a', 'changed'), put('new', 'new'), remove('p/x')],
        appends: [{ journal: 'j', value: utf8('entry') }],
        mints: [{ scope: 's', nowMicros: 5_000n }],
      });
      assert.deepEqual(outcome, { kind: 'conflict', check: holds.length });
    }
    const rows = await store.scan(EVERYTHING, { limit: 9 });
    assert.deepEqual(
      rows.map(({ key, value }) => [text(key), text(value)]),
      [
        ['a', '1'],
        ['p/x', '1'],
      ],
    );
    assert.equal(await store.head('j'), 0n);
    const { minted } = await mustCommit(store, { mints: [{ scope: 's', nowMicros: 7n }] });
    assert.deepEqual(minted, [7n]);
  });

  test('the first failed check is named, and checks look at the state before the own writes', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: [put('a', '1')] });
    const absent = (key: string): Check => ({ kind: 'absent', key: utf8(key) });
    const outcome = await store.commit({ checks: [absent('b'), absent('a'), absent('a')], writes: [] });
    assert.deepEqual(outcome, { kind: 'conflict', check: 1 });
    await mustCommit(store, { checks: [absent('b')], writes: [put('b', '1')] });
    const full = await store.commit({ checks: [{ kind: 'rangeEmpty', range: below('a') }], writes: [remove('a')] });
    assert.deepEqual(full, { kind: 'conflict', check: 0 });
  });

  test('a row deleted and written again has a new version', async (context) => {
    const store = await subject.store(context);
    const first = await mustCommit(store, { writes: [put('a', '1')] });
    await mustCommit(store, { writes: [remove('a')] });
    await mustCommit(store, { writes: [put('a', '1')] });
    const check: Check = { kind: 'version', key: utf8('a'), version: first.version };
    assert.deepEqual(await store.commit({ checks: [check], writes: [] }), { kind: 'conflict', check: 0 });
  });

  test('a failed check fails its own commit, never its neighbours of the same instant', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: [put('taken', 'x')] });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        store.commit({
          checks: [{ kind: 'absent', key: utf8(index % 3 === 0 ? 'taken' : `free/${index}`) }],
          writes: [put(`free/${index}`, `${index}`)],
          appends: [{ journal: 'j', value: utf8(`${index}`) }],
        }),
      ),
    );
    for (const [index, { kind }] of outcomes.entries()) {
      assert.equal(kind, index % 3 === 0 ? 'conflict' : 'committed');
    }
    const rows = await store.scan(below('free/'), { limit: 1_000 });
    assert.equal(rows.length, outcomes.filter(({ kind }) => kind === 'committed').length);
    assert.equal(await store.head('j'), BigInt(rows.length));
  });
}

function testRaces(subject: Subject): void {
  const { rounds } = subject.settings;

  test('of concurrent read-modify-writes none is lost', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { writes: [put('counter', '0')] });
    const writers = Math.min(32, rounds);
    const increment = async () => {
      for (;;) {
        const row = await getOne(store, 'counter');
        assert.ok(row);
        const outcome = await store.commit({
          checks: [{ kind: 'version', key: row.key, version: row.version }],
          writes: [put('counter', `${Number(text(row.value)) + 1}`)],
        });
        if (outcome.kind === 'committed') return;
      }
    };
    await Promise.all(Array.from({ length: writers }, increment));
    assert.equal(text((await getOne(store, 'counter'))?.value ?? utf8('')), `${writers}`);
  });

  test('delete-if-empty against insert: exactly one of the two wins', async (context) => {
    const store = await subject.store(context);
    const batch = 50;
    for (let done = 0; done < rounds; done += batch) {
      const pairs = Array.from({ length: batch }, (_, index) => race(`${done + index}`, index % 2 === 0));
      const { version } = await mustCommit(store, { writes: pairs.map(({ bucket }) => put(bucket, 'exists')) });
      await Promise.all(pairs.map(({ run }) => run(version)));
    }

    function race(id: string, insertFirst: boolean) {
      const bucket = `bucket/${id}`;
      const run = async (version: bigint) => {
        const exists: Check = { kind: 'version', key: utf8(bucket), version };
        const empty: Check = { kind: 'rangeEmpty', range: below(`object/${id}/`) };
        const insert = () => store.commit({ checks: [exists], writes: [put(`object/${id}/name`, 'bytes')] });
        const removal = () => store.commit({ checks: [exists, empty], writes: [remove(bucket)] });
        const outcomes: CommitOutcome[] = await Promise.all(
          insertFirst ? [insert(), removal()] : [removal(), insert()],
        );
        assert.equal(outcomes.filter(({ kind }) => kind === 'committed').length, 1, `race ${id}`);
        const [left] = await store.get([utf8(bucket)]);
        const objects = await store.scan(below(`object/${id}/`), { limit: 2 });
        assert.equal(objects.length, left === undefined ? 0 : 1, `race ${id} left a mix`);
      };
      return { bucket, run };
    }
  });

  test('write skew is refused: of two commits that check what the other writes, one fails', async (context) => {
    const store = await subject.store(context);
    for (let round = 0; round < Math.min(100, rounds); round += 1) {
      const [left, right] = [`skew/${round}/l`, `skew/${round}/r`];
      const absent = (key: string): Check => ({ kind: 'absent', key: utf8(key) });
      const outcomes = await Promise.all([
        store.commit({ checks: [absent(right)], writes: [put(left, '')] }),
        store.commit({ checks: [absent(left)], writes: [put(right, '')] }),
      ]);
      assert.equal(outcomes.filter(({ kind }) => kind === 'committed').length, 1);
    }
  });
}

function testStamps(subject: Subject): void {
  const seq = (append: number, offset: number): Stamp => ({ kind: 'seq', append, offset });
  const generation = (mint: number, offset: number): Stamp => ({ kind: 'generation', mint, offset });
  const at = (bytes: Uint8Array, offset: number) => Buffer.from(bytes).readBigUInt64BE(offset);

  test('stamps are written at their offsets in writes and appends, and the caller keeps his bytes', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, { appends: [{ journal: 'j2', value: utf8('x') }] });
    const blank = new Uint8Array(40).fill(0xee);
    const { seqs, minted } = await mustCommit(store, {
      mints: [
        { scope: 's', nowMicros: 1_000_000n },
        { scope: 's', nowMicros: 1_000_000n },
        { scope: 't', nowMicros: 3n },
      ],
      appends: [
        { journal: 'j1', value: blank, stamps: [generation(1, 0), seq(1, 32)] },
        { journal: 'j2', value: blank, stamps: [seq(0, 3)] },
        { journal: 'j1', value: blank },
      ],
      writes: [
        { kind: 'put', key: utf8('a'), value: blank, stamps: [generation(0, 0), seq(2, 8), generation(2, 17)] },
        { kind: 'put', key: utf8('b'), value: blank, stamps: [seq(0, 32)] },
      ],
    });
    assert.deepEqual(seqs, [1n, 2n, 2n]);
    assert.deepEqual(minted, [1_000_000n, 1_000_001n, 3n]);
    assert.ok(blank.every((byte) => byte === 0xee));
    const [a, b] = (await store.get([utf8('a'), utf8('b')])).map((row) => row?.value ?? new Uint8Array(40));
    assert.deepEqual(a && [at(a, 0), at(a, 8), a[16], at(a, 17), a[25]], [1_000_000n, 2n, 0xee, 3n, 0xee]);
    assert.deepEqual(b && [b[31], at(b, 32)], [0xee, 1n]);
    const entries: Uint8Array[] = [];
    for await (const { value } of store.tail('j1', 0n, new AbortController().signal)) {
      entries.push(value);
      if (entries.length === 2) break;
    }
    assert.deepEqual(entries[0] && [at(entries[0], 0), entries[0][8], at(entries[0], 32)], [1_000_001n, 0xee, 2n]);
    assert.equal(hex(entries[1] ?? utf8('')), 'ee'.repeat(40));
  });

  test('a minted number is max(nowMicros, last + 1), for ever', async (context) => {
    const place = await subject.place(context);
    let store = await place.open();
    const mint = async (scope: string, nowMicros: bigint) =>
      (await mustCommit(store, { writes: [put(`row/${scope}`, '')], mints: [{ scope, nowMicros }] })).minted[0];
    assert.deepEqual([await mint('s', 100n), await mint('s', 100n), await mint('s', 50n)], [100n, 101n, 102n]);
    assert.deepEqual([await mint('s', 500n), await mint('s', 499n), await mint('other', 499n)], [500n, 501n, 499n]);
    await mustCommit(store, { writes: [remove('row/s'), remove('row/other')] });
    assert.equal(await mint('s', 0n), 502n);
    if (place.reopens) {
      await store.close();
      store = await place.open();
      assert.equal(await mint('s', 1n), 503n);
    }
    const many = await Promise.all(Array.from({ length: 64 }, () => mint('s', 7n)));
    assert.equal(new Set(many).size, 64);
    const highest = many.reduce((most = 0n, number = 0n) => (number > most ? number : most));
    assert.equal(highest, place.reopens ? 567n : 566n);
    await store.close();
  });
}

function testLimits(subject: Subject): void {
  const keys = (count: number) => Array.from({ length: count }, (_, index) => put(`k/${index}`, 'v'));
  const sized = (count: number, bytes: number): Write[] =>
    Array.from({ length: count }, (_, index) => put(`b/${String(index).padStart(4, '0')}`, new Uint8Array(bytes)));
  const append = (stamps: readonly Stamp[], bytes = 8) => ({
    appends: [{ journal: 'j', value: new Uint8Array(bytes), stamps }],
  });

  test('a commit at each limit is taken', async (context) => {
    const store = await subject.store(context);
    await mustCommit(store, {
      writes: keys(1_000),
      appends: keys(1_000).map(({ value }) => ({ journal: 'j', value })),
    });
    await mustCommit(store, { writes: [put(new Uint8Array(2_200).fill(1), new Uint8Array(32_768))] });
    // 127 values of 32 KiB and one that fills the rest of 4 MiB, keys counted: 128 keys of 6 bytes.
    await mustCommit(store, { writes: [...sized(127, 32_768), put('b/last', new Uint8Array(32_768 - 128 * 6))] });
    assert.equal((await store.scan(below('k/'), { limit: 2_000 })).length, 1_000);
    assert.equal((await store.scan(below('b/'), { limit: 2_000 })).length, 128);
    assert.equal(await store.head('j'), 1_000n);
  });

  const broken: readonly (readonly [string, Partial<Transaction>])[] = [
    ['an empty key', { writes: [put('', 'v')] }],
    ['a key over its limit', { writes: [put(new Uint8Array(2_201), 'v')] }],
    ['a value over its limit', { writes: [put('k', new Uint8Array(32_769))] }],
    ['too many writes', { writes: keys(1_001) }],
    ['too many bytes', { writes: [...sized(127, 32_768), put('b/last', new Uint8Array(32_768 - 128 * 6 + 1))] }],
    ['two writes of a key', { writes: [put('k', '1'), remove('k')] }],
    ['two writes of a key among many', { writes: [...keys(500), put('k/77', 'again')] }],
    ['an entry over its limit', append([], 32_769)],
    ['a journal without a name', { appends: [{ journal: '', value: utf8('v') }] }],
    ['a journal name with NUL', { appends: [{ journal: 'a\0b', value: utf8('v') }] }],
    ['a journal name over its limit', { appends: [{ journal: 'é'.repeat(257), value: utf8('v') }] }],
    ['a scope without a name', { mints: [{ scope: '', nowMicros: 1n }] }],
    ['a negative time', { mints: [{ scope: 's', nowMicros: -1n }] }],
    ['a stamp past the end', append([{ kind: 'seq', append: 0, offset: 1 }])],
    ['a stamp before the start', append([{ kind: 'seq', append: 0, offset: -1 }])],
    ['a stamp of no append', append([{ kind: 'seq', append: 1, offset: 0 }])],
    ['a stamp of no mint', append([{ kind: 'generation', mint: 0, offset: 0 }])],
    ['a check of an empty key', { checks: [{ kind: 'absent', key: new Uint8Array() }] }],
    [
      'a range bound over its limit',
      { checks: [{ kind: 'rangeEmpty', range: { start: new Uint8Array(2_202), end: utf8('') } }] },
    ],
  ];

  test('each broken limit is an invalidArgument, and nothing is written', async (context) => {
    const store = await subject.store(context);
    for (const [what, transaction] of broken) {
      const call = store.commit({
        checks: [],
        ...transaction,
        writes: [...(transaction.writes ?? []), put('witness', what)],
      });
      await assert.rejects(call, (error) => isStraitError(error, 'invalidArgument') && error.message.length > 10, what);
    }
    assert.equal(await getOne(store, 'witness'), undefined);
    assert.equal(await store.head('j'), 0n);
  });

  test('a closed store refuses every call', async (context) => {
    const place = await subject.place(context);
    const store = await place.open();
    await store.close();
    const closed = (error: unknown) => isStraitError(error, 'unavailable');
    await assert.rejects(store.commit({ checks: [], writes: [put('a', '1')] }), closed);
    await assert.rejects(store.get([utf8('a')]), closed);
    await assert.rejects(store.scan(EVERYTHING, { limit: 1 }), closed);
    await assert.rejects(
      store.snapshot(async () => 1),
      closed,
    );
    await assert.rejects(store.head('j'), closed);
    await assert.rejects(async () => {
      for await (const entry of store.tail('j', 0n, new AbortController().signal)) assert.fail(`entry ${entry.seq}`);
    }, closed);
    await store.close();
  });
}

const WRITERS = 64;

/** Commits a second of 64 writers, each of whose commits journals, mints and checks as an object mutation does. */
async function commitRate(store: MetadataStore, run: string, scopeOf: (writer: number) => string, each: number) {
  for (let scope = 0; scope < WRITERS; scope += 1)
    await mustCommit(store, { writes: [put(`epoch/${run}/${scope}`, '1')] });
  const epochs = await store.get(Array.from({ length: WRITERS }, (_, scope) => utf8(`epoch/${run}/${scope}`)));
  const startMs = performance.now();
  const writer = async (name: number) => {
    const scope = scopeOf(name);
    const epoch = epochs[Number(scope)];
    assert.ok(epoch);
    for (let index = 0; index < each; index += 1) {
      const outcome = await store.commit({
        checks: [{ kind: 'version', key: epoch.key, version: epoch.version }],
        writes: [put(`object/${run}/${name}/${index}`, 'x'.repeat(300))],
        appends: [{ journal: `${run}/${scope}`, value: utf8('entry') }],
        mints: [{ scope: `${run}/${scope}`, nowMicros: BigInt(index) }],
      });
      assert.equal(outcome.kind, 'committed');
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  return (WRITERS * each) / ((performance.now() - startMs) / 1_000);
}

function testRates(subject: Subject): void {
  test('64 writers to one scope keep at least half the rate of 64 writers to 64 scopes', async (context) => {
    const store = await subject.store(context);
    const each = Math.max(3, Math.floor(subject.settings.rounds / 100));
    await commitRate(store, 'warm', () => '0', each);
    const ratios: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const one = await commitRate(store, `one${round}`, () => '0', each);
      const many = await commitRate(store, `many${round}`, (writer) => `${writer}`, each);
      ratios.push(one / many);
    }
    const median = ratios.sort((a, b) => a - b)[3] ?? 0;
    recordFigure({ name: `${subject.settings.name}: one scope against 64`, value: Number(median.toFixed(2)) });
    assert.ok(
      median >= 0.5,
      `one scope has ${median.toFixed(2)} of the rate: ${ratios.map((ratio) => ratio.toFixed(2))}`,
    );
  });
}
