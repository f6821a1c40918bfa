import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { namespaceFixture } from '../../test/support/namespace-fixture.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import type { ListInput, ListPosition } from './list-objects.ts';
import { flatPlace, objectKey, setKey } from './rows/keys.ts';
import { encodeObjectRow } from './rows/object-row.ts';
import { encodeSet } from './rows/sync-rows.ts';

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

/** A listing as GCS documents it, by brute force. */
function expectedListing(names: readonly string[], query: Query): Shown {
  const { prefix = '', delimiter = '', startOffset = '', endOffset = '' } = query;
  const inOrder = names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const isFrom = (name: string) => Buffer.compare(Buffer.from(name), Buffer.from(startOffset)) >= 0;
  const isBefore = (name: string) => endOffset === '' || Buffer.compare(Buffer.from(name), Buffer.from(endOffset)) < 0;
  const admitted = inOrder.filter((name) => name.startsWith(prefix) && isFrom(name) && isBefore(name));
  const items: string[] = [];
  const prefixes = new Set<string>();
  for (const name of admitted) {
    const rest = name.slice(prefix.length);
    const at = delimiter === '' ? -1 : rest.indexOf(delimiter);
    if (at < 0) {
      items.push(name);
      continue;
    }
    const rolled = prefix + rest.slice(0, at) + delimiter;
    prefixes.add(rolled);
    if (query.includeTrailingDelimiter === true && name === rolled) items.push(name);
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
        for (const one of names) await fixture.put(one, '');
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

test('names that are not visible are not listed, and cannot make a page endless', async () => {
  const fixture = await lakeFixture();
  const { metadata } = fixture.deps;
  const seen = await fixture.put('visible', 'x');
  const { id } = await fixture.namespace.getBucket({ name: LAKE, preconditions: {} });
  const applied = { kind: 'state' as const, state: seen.state };
  const [hiddenSet, shownSet] = ['00000000000000aa', '00000000000000bb'];
  const row = (one: string, setId: string) => ({
    kind: 'put' as const,
    key: objectKey(flatPlace(id, one)),
    value: encodeObjectRow({ applied, setId }),
  });
  const set = (setId: string, state: 'staging' | 'flipped') => ({
    kind: 'put' as const,
    key: setKey(setId),
    value: encodeSet({ bucketId: id, table: 't/', state }),
  });
  await metadata.commit({ checks: [], writes: [set(hiddenSet, 'staging'), set(shownSet, 'flipped')] });
  for (let batch = 0; batch < 6; batch += 1) {
    const hidden = Array.from({ length: 900 }, (_, index) => row(`a/${batch}-${index}`, hiddenSet));
    await metadata.commit({ checks: [], writes: hidden });
  }
  await metadata.commit({ checks: [], writes: [row('shown', shownSet), row('a/99', shownSet)] });
  const shown = await listAll(fixture, {}, 10);
  assert.deepEqual(shown.items, ['a/99', 'shown', 'visible']);
  assert.ok(shown.pages > 1);
  assert.deepEqual((await listAll(fixture, { delimiter: '/' }, 10)).prefixes, ['a/']);
  assert.equal((await fixture.get('shown')).state.generation, seen.state.generation);
  await assert.rejects(fixture.get('a/0-0'), { code: 'objectNotFound' });
});

test('a listing of a bucket that is not there', async () => {
  const fixture = await lakeFixture();
  await assert.rejects(fixture.namespace.listObjects({ bucket: 'none', maxResults: 1 }), { code: 'bucketNotFound' });
});
