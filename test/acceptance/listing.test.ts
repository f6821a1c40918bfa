/** Listings. Numbers are items of `reference/gcs-api.md` §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gcsForTests, namesOf } from '../support/gcs.ts';

const gcs = gcsForTests();

async function bucketOf(names: readonly string[]): Promise<string> {
  const bucket = await gcs.bucket();
  await Promise.all(names.map((name) => gcs.put(bucket, name, 'x')));
  return bucket;
}

/** All pages of a listing: each page's names and prefixes. */
async function pages(bucket: string, query: string): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  let token = '';
  do {
    const answer = await gcs.list(bucket, `?${query}${token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`}`);
    assert.equal(answer.status, 200, answer.text);
    found.push([...namesOf(answer.json), ...(answer.json.prefixes ?? [])]);
    token = answer.json.nextPageToken ?? '';
  } while (token !== '');
  return found;
}

test('24: maxResults counts items and prefixes together, and 1000 is the most', async () => {
  const bucket = await bucketOf(['a', 'b/1', 'b/2', 'c', 'd/1', 'e']);
  assert.deepEqual(await pages(bucket, 'delimiter=/&maxResults=2'), [['a', 'b/'], ['c', 'd/'], ['e']]);
  assert.deepEqual(await pages(bucket, 'maxResults=4'), [
    ['a', 'b/1', 'b/2', 'c'],
    ['d/1', 'e'],
  ]);
  assert.equal((await pages(bucket, 'maxResults=5000')).length, 1);
  for (const bad of ['-1', 'x', '1.5']) assert.equal((await gcs.list(bucket, `?maxResults=${bad}`)).status, 400);
});

test('26: empty lists are left out', async () => {
  const bucket = await bucketOf([]);
  assert.deepEqual((await gcs.list(bucket)).json, { kind: 'storage#objects' });
  assert.deepEqual((await gcs.list(bucket, '?fields=items(name)')).json, {});
});

test('27: a delimiter may have several characters', async () => {
  const bucket = await bucketOf(['a', 'a--b', 'a--c', 'd-e', 'x--']);
  const { json } = await gcs.list(bucket, '?delimiter=--');
  assert.deepEqual(
    [namesOf(json), json.prefixes],
    [
      ['a', 'd-e'],
      ['a--', 'x--'],
    ],
  );
});

test('28: includeTrailingDelimiter shows names that end in one delimiter as items too', async () => {
  const bucket = await bucketOf(['a/', 'a/b', 'c/d/', 'e']);
  const { json } = await gcs.list(bucket, '?delimiter=/&includeTrailingDelimiter=true');
  assert.deepEqual(
    [namesOf(json), json.prefixes],
    [
      ['a/', 'e'],
      ['a/', 'c/'],
    ],
  );
  const without = await gcs.list(bucket, '?delimiter=/&includeTrailingDelimiter=false');
  assert.deepEqual([namesOf(without.json), without.json.prefixes], [['e'], ['a/', 'c/']]);
  assert.equal((await gcs.list(bucket, '?includeTrailingDelimiter=maybe')).status, 400);
});

test('28: startOffset is inclusive, endOffset exclusive, and empty means unset', async () => {
  const bucket = await bucketOf(['a', 'b', 'c', 'd']);
  assert.deepEqual(namesOf((await gcs.list(bucket, '?startOffset=b&endOffset=d')).json), ['b', 'c']);
  assert.deepEqual(namesOf((await gcs.list(bucket, '?startOffset=&endOffset=&prefix=&delimiter=')).json), [
    'a',
    'b',
    'c',
    'd',
  ]);
});

test('prefixes and delimiters compose', async () => {
  const bucket = await bucketOf(['p/', 'p/a', 'p/b/c', 'p/b/d', 'q']);
  const { json } = await gcs.list(bucket, '?prefix=p/&delimiter=/');
  assert.deepEqual([namesOf(json), json.prefixes], [['p/', 'p/a'], ['p/b/']]);
  const plus = await bucketOf(['a b', 'a+b']);
  assert.deepEqual(namesOf((await gcs.list(plus, '?prefix=a+b')).json), ['a b']);
  assert.deepEqual(namesOf((await gcs.list(plus, '?prefix=a%2Bb')).json), ['a+b']);
});

test('a listing equals a plain walk over the names, whatever the page size', async () => {
  const name = fc
    .array(fc.constantFrom('a', 'b', '/', '//', '-', 'é'), { minLength: 1, maxLength: 5 })
    .map((p) => p.join(''));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { maxLength: 12 }),
      fc.constantFrom('', '/', 'a', '//'),
      fc.constantFrom('', 'a', 'a/', 'b'),
      fc.integer({ min: 1, max: 4 }),
      async (names, delimiter, prefix, maxResults) => {
        const bucket = await bucketOf(names);
        const query = new URLSearchParams({ delimiter, prefix, maxResults: `${maxResults}` }).toString();
        const found = (await pages(bucket, query)).flat();
        assert.deepEqual(found.toSorted(), expected(names, prefix, delimiter).toSorted());
      },
    ),
    { numRuns: 25 },
  );
});

/** What a listing must show, by the simplest means. */
function expected(names: readonly string[], prefix: string, delimiter: string): string[] {
  const items = names.filter((name) => name.startsWith(prefix));
  if (delimiter === '') return items;
  const prefixes = new Set<string>();
  const plain: string[] = [];
  for (const item of items) {
    const cut = item.indexOf(delimiter, prefix.length);
    if (cut === -1) plain.push(item);
    else prefixes.add(item.slice(0, cut + delimiter.length));
  }
  return [...plain, ...prefixes];
}

test('page tokens that are not ours are 400', async () => {
  const bucket = await bucketOf(['a', 'b']);
  const token = (await gcs.list(bucket, '?maxResults=1')).json.nextPageToken;
  for (const bad of ['x', 'YQ==', `${token}x`, '%00', 'b']) {
    const answer = await gcs.list(bucket, `?pageToken=${bad}`);
    assert.equal(answer.status, 400, bad);
    assert.equal(answer.json.error.errors[0]?.location, 'pageToken');
  }
});

test('a token still works when the object it stands on is gone', async () => {
  const bucket = await bucketOf(['a', 'b', 'c']);
  const token = (await gcs.list(bucket, '?maxResults=2')).json.nextPageToken;
  await gcs.call('DELETE', `/storage/v1/b/${bucket}/o/b`);
  assert.deepEqual(namesOf((await gcs.list(bucket, `?pageToken=${token}`)).json), ['c']);
});

test('fields of listings', async () => {
  const bucket = await bucketOf(['a', 'b/c']);
  const ask = async (fields: string) =>
    (await gcs.list(bucket, `?delimiter=/&maxResults=1&fields=${encodeURIComponent(fields)}`)).json;
  assert.deepEqual(await ask('items/name'), { items: [{ name: 'a' }] });
  assert.deepEqual(await ask('items(name,size),prefixes'), { items: [{ name: 'a', size: '1' }] });
  assert.deepEqual(Object.keys(await ask('nextPageToken')), ['nextPageToken']);
  assert.equal((await gcs.list(bucket, '?fields=items(nam)')).status, 400);
  assert.equal((await gcs.list(bucket, '?fields=items(name')).status, 400);
});

test('a bucket that is not there has no listing; live versions are all there is without versioning', async () => {
  const bucket = await bucketOf(['a']);
  assert.equal((await gcs.list('no-such-bucket-here')).status, 404);
  assert.deepEqual(namesOf((await gcs.list(bucket, '?versions=true')).json), ['a']);
  assert.deepEqual((await gcs.list(bucket, '?softDeleted=true')).json.items, undefined);
});
