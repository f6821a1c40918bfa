import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { namespaceFixture } from '../../test/support/namespace-fixture.ts';
import type { ObjectState } from '../model/object.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import type { PassThrough } from './deps.ts';
import type { ListInput, ListPosition } from './list-objects.ts';
import { flatPlace, objectKey, setKey } from './rows/keys.ts';
import { encodeObjectRow } from './rows/object-row.ts';
import { encodeSet } from './rows/sync-rows.ts';
import { bindNamespace } from './service.ts';

type Query = Omit<ListInput, 'bucket' | 'maxResults' | 'after'>;

interface Shown {
  readonly items: string[];
  readonly prefixes: string[];
}

/** All pages put together; no page may have more than `maxResults` places, and none may repeat a name. */
async function listAll(fixture: LakeFixture, query: Query, maxResults: number): Promise<Shown & { pages: number }> {
  const shown = { items: [] as string[], prefixes: [] as string[], pages: 0 };
  let after: ListPosition | undefined;
  do {
    const input = { bucket: LAKE, maxResults, ...query, ...(after === undefined ? {} : { after }) };
    const page = await fixture.namespace.listObjects(input);
    const names = page.items.map(({ name }) => name);
    assert.ok(new Set([...names, ...page.prefixes]).size <= maxResults);
    shown.items.push(...names);
    shown.prefixes.push(...page.prefixes);
    shown.pages += 1;
    after = page.nextAfter;
  } while (after !== undefined);
  return shown;
}

/** Patterns beside what they mean. */
const GLOBS: Readonly<Record<string, RegExp>> = {
  '**a': /a$/u,
  'a*': /^a[^/]*$/u,
  '*/': /^[^/]*\/$/u,
  'a/**': /^a\/|^a\/$/u,
  '{a,b}?': /^[ab][^/]$/u,
};

/** Which names are put with a context that filters ask for. */
const isTagged = (name: string) => name.length % 2 === 0;

/** A listing as GCS documents it, by brute force. */
function expectedListing(names: readonly string[], query: Query): Shown {
  const { prefix = '', delimiter = '', startOffset = '', endOffset = '' } = query;
  const inOrder = names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const isFrom = (name: string) => Buffer.compare(Buffer.from(name), Buffer.from(startOffset)) >= 0;
  const isBefore = (name: string) => endOffset === '' || Buffer.compare(Buffer.from(name), Buffer.from(endOffset)) < 0;
  const admitted = inOrder.filter((name) => name.startsWith(prefix) && isFrom(name) && isBefore(name));
  const isMatch = (name: string) => query.matchGlob === undefined || GLOBS[query.matchGlob]?.test(name) === true;
  const isItem = (name: string) => isMatch(name) && (query.filter === undefined || isTagged(name));
  const items: string[] = [];
  const prefixes = new Set<string>();
  for (const name of admitted) {
    const rest = name.slice(prefix.length);
    const at = delimiter === '' ? -1 : rest.indexOf(delimiter);
    if (at < 0) {
      if (isItem(name)) items.push(name);
      continue;
    }
    const rolled = prefix + rest.slice(0, at) + delimiter;
    if (isMatch(rolled)) prefixes.add(rolled);
    if (query.includeTrailingDelimiter === true && name === rolled && isItem(name)) items.push(name);
  }
  return { items, prefixes: [...prefixes] };
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u{e000}', '\u{1f600}'), minLength: 1, maxLength: 5 });
const part = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\u{1f600}'), maxLength: 2 });
const query: fc.Arbitrary<Query> = fc.record(
  {
    prefix: part,
    delimiter: fc.constantFrom('', '/', 'b', '//', 'ab'),
    startOffset: part,
    endOffset: part,
    includeTrailingDelimiter: fc.boolean(),
    matchGlob: fc.constantFrom(...Object.keys(GLOBS)),
    filter: fc.constant('contexts."tag":*'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('pages of any size put together are the listing GCS documents', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { maxLength: 25 }),
      fc.array(query, { minLength: 3, maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      async (names, queries, maxResults) => {
        const fixture = await lakeFixture();
        for (const one of names) {
          const attributes = isTagged(one) ? { contexts: { tag: { value: 'x' } } } : {};
          await fixture.put(one, '', { attributes });
        }
        for (const asked of queries) {
          const { items, prefixes } = await listAll(fixture, asked, maxResults);
          assert.deepEqual({ items, prefixes }, expectedListing(names, asked));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a prefix and an item of the same name share a place on the page', async () => {
  const fixture = await lakeFixture();
  for (const one of ['a/', 'a/b', 'c']) await fixture.put(one, '');
  const page = await fixture.namespace.listObjects({
    bucket: LAKE,
    delimiter: '/',
    includeTrailingDelimiter: true,
    maxResults: 2,
  });
  assert.deepEqual(
    page.items.map((item) => item.name),
    ['a/', 'c'],
  );
  assert.deepEqual(page.prefixes, ['a/']);
  assert.equal(page.nextAfter, undefined);
});

/** Counts the rows a store is asked for. */
function counting(metadata: MetadataStore): { readonly metadata: MetadataStore; rows: number; scans: number } {
  const counter = {
    rows: 0,
    scans: 0,
    metadata: Object.assign(Object.create(metadata) as MetadataStore, {
      get: metadata.get.bind(metadata),
      commit: metadata.commit.bind(metadata),
      snapshot: (read: Parameters<MetadataStore['snapshot']>[0]) =>
        metadata.snapshot((view) =>
          read({
            get: (keys) => view.get(keys),
            scan: async (range, options) => {
              const rows = await view.scan(range, options);
              counter.rows += rows.length;
              counter.scans += 1;
              return rows;
            },
          }),
        ),
    }),
  };
  return counter;
}

test('a page costs what it shows, however many names lie under its prefixes', async () => {
  const plain = namespaceFixture();
  const counter = counting(plain.deps.metadata);
  const fixture = await lakeFixture({ metadata: counter.metadata });
  for (let index = 0; index < 900; index += 1) await fixture.put(`t${index % 3}/${index}`, '');
  await fixture.put('z', '');
  counter.rows = 0;
  const rolledUp = await listAll(fixture, { delimiter: '/' }, 1_000);
  assert.deepEqual(rolledUp.prefixes, ['t0/', 't1/', 't2/']);
  assert.ok(counter.rows < 50, `${counter.rows} rows for four places`);
  counter.rows = 0;
  const page = await fixture.namespace.listObjects({ bucket: LAKE, maxResults: 100 });
  assert.equal(page.items.length, 100);
  assert.ok(counter.rows <= 101, `${counter.rows} rows for 100 items`);
});

/** Rows that readers see only once the set has flipped. */
async function setNames({ deps, namespace }: LakeFixture, set: NamesOfSet): Promise<void> {
  const { id } = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const { setId, state, names } = set;
  const row = encodeSet({ bucketId: id, table: 't/', state: set.isFlipped ? 'flipped' : 'staging' });
  await deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key: setKey(setId), value: row }] });
  const value = encodeObjectRow({ applied: { kind: 'state', state }, setId });
  for (let start = 0; start < names.length; start += 900) {
    const some = names.slice(start, start + 900);
    const writes = some.map((one) => ({ kind: 'put' as const, key: objectKey(flatPlace(id, one)), value }));
    await deps.metadata.commit({ checks: [], writes });
  }
}

interface NamesOfSet {
  readonly setId: string;
  readonly isFlipped: boolean;
  readonly state: ObjectState;
  readonly names: readonly string[];
}

const HIDDEN_NAMES = Array.from({ length: 5_400 }, (_, index) => `a/${index}-`);

test('names that are not visible are not listed, and cannot make a page endless', async () => {
  const fixture = await lakeFixture();
  const { state } = await fixture.put('visible', 'x');
  await setNames(fixture, { setId: '00000000000000aa', isFlipped: false, state, names: HIDDEN_NAMES });
  await setNames(fixture, { setId: '00000000000000bb', isFlipped: true, state, names: ['shown', 'a/99'] });
  const shown = await listAll(fixture, {}, 10);
  assert.deepEqual(shown.items, ['a/99', 'shown', 'visible']);
  assert.ok(shown.pages > 1);
  assert.deepEqual((await listAll(fixture, { delimiter: '/' }, 10)).prefixes, ['a/']);
  assert.equal((await fixture.get('shown')).state.generation, state.generation);
  await assert.rejects(fixture.get('a/0-'), { code: 'objectNotFound' });
});

/** The same store at a site that follows its owner, where `names` pass through. */
function follower(owner: LakeFixture, state: ObjectState, names: readonly string[]): LakeFixture {
  const passThrough: PassThrough = {
    covers: (_, one) => names.includes(one),
    isPartly: () => true,
    get: async () => state,
    async *list(_, { prefix, startOffset }) {
      for (const one of expectedListing(names, { prefix, startOffset }).items) yield { name: one, state };
    },
  };
  const settings = { ...owner.deps.settings, site: 'follower' };
  return { ...owner, namespace: bindNamespace({ ...owner.deps, settings, passThrough }) };
}

test('names that pass through and names of this site make one listing, however it is cut', async () => {
  const owner = await lakeFixture();
  const { state } = await owner.put('a/1', '');
  const here = ['a/1', 'a/2', 'a/z', 'b\u{fffd}/3', 'e/1', 'g'];
  for (const one of here) await owner.put(one, '');
  const there = ['a/pass/1', 'a/pass/2', 'b\u{fffd}/1', 'b\u{fffd}/2', 'c\u{fffd}', 'c\u{fffd}d', 'e/2', 'f'];
  const both = follower(owner, state, there);
  const rolledUp = { delimiter: '/' };
  for (const query of [{}, rolledUp, { ...rolledUp, includeTrailingDelimiter: true }, { prefix: 'c\u{fffd}' }]) {
    for (const maxResults of [1, 2, 3, 100]) {
      const { items, prefixes } = await listAll(both, query, maxResults);
      assert.deepEqual({ items, prefixes }, expectedListing([...here, ...there], query), `${maxResults} at a time`);
    }
  }
});

test('a prefix is listed once, even where the names of this site are cut below it', async () => {
  const owner = await lakeFixture();
  const { state } = await owner.put('b', '');
  await setNames(owner, { setId: '00000000000000aa', isFlipped: false, state, names: HIDDEN_NAMES });
  const both = follower(owner, state, ['a/pass/1', 'a/pass/2']);
  const { items, prefixes } = await listAll(both, { delimiter: '/' }, 10);
  assert.deepEqual({ items, prefixes }, { items: ['b'], prefixes: ['a/'] });
});

test('a pattern that costs much ends pages sooner, and hides nothing', async () => {
  const fixture = await lakeFixture();
  const names = Array.from({ length: 40 }, (_, at) => `${'a'.repeat(800)}${String(at).padStart(2, '0')}`);
  for (const one of names) await fixture.put(one, '');
  const { items, pages } = await listAll(fixture, { matchGlob: `${'*a'.repeat(250)}*[05]` }, 100);
  assert.deepEqual(
    items,
    names.filter((one) => /[05]$/.test(one)),
  );
  assert.ok(pages > 2 && pages < 20, `${pages} pages`);
});

test('a listing of a bucket that is not there', async () => {
  const fixture = await lakeFixture();
  await assert.rejects(fixture.namespace.listObjects({ bucket: 'none', maxResults: 1 }), { code: 'bucketNotFound' });
});
