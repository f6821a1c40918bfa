import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { namesOf } from '../support/gcs.ts';

/** A bucket with these objects. */
async function bucketOf(gateway: ApiGateway, names: readonly string[]): Promise<string> {
  const bucket = await gateway.bucket();
  for (const name of names) await gateway.put(bucket, name);
  return bucket;
}

/** What a listing shows: prefixes, then names. */
async function shown(gateway: ApiGateway, bucket: string, query: string): Promise<readonly string[]> {
  const { status, json, text } = await gateway.list(bucket, query);
  assert.equal(status, 200, text);
  return [...(json.prefixes ?? []), ...namesOf(json)];
}

apiTest({ method: 'objects.list', parameters: ['bucket'] }, 'lists one bucket', async (gateway) => {
  const bucket = await bucketOf(gateway, ['a', 'b']);
  await bucketOf(gateway, ['c']);
  assert.deepEqual(await shown(gateway, bucket, ''), ['a', 'b']);
});

apiTest(
  { method: 'objects.list', parameters: ['prefix', 'delimiter', 'includeTrailingDelimiter'] },
  'folds names below a delimiter into prefixes',
  async (gateway) => {
    const bucket = await bucketOf(gateway, ['a/', 'a/1', 'a/b/2', 'a1', 'b']);
    assert.deepEqual(await shown(gateway, bucket, '?prefix=a/'), ['a/', 'a/1', 'a/b/2']);
    assert.deepEqual(await shown(gateway, bucket, '?delimiter=/'), ['a/', 'a1', 'b']);
    assert.deepEqual(await shown(gateway, bucket, '?delimiter=/&includeTrailingDelimiter=true'), [
      'a/',
      'a/',
      'a1',
      'b',
    ]);
    assert.deepEqual(await shown(gateway, bucket, '?prefix=a/&delimiter=/'), ['a/b/', 'a/', 'a/1']);
  },
);

apiTest(
  { method: 'objects.list', parameters: ['startOffset', 'endOffset'] },
  'takes names from one offset and up to another',
  async (gateway) => {
    const bucket = await bucketOf(gateway, ['a', 'b', 'c', 'd']);
    assert.deepEqual(await shown(gateway, bucket, '?startOffset=b&endOffset=d'), ['b', 'c']);
    assert.deepEqual(await shown(gateway, bucket, '?startOffset=c'), ['c', 'd']);
    assert.deepEqual(await shown(gateway, bucket, '?endOffset=b'), ['a']);
    assert.deepEqual(await shown(gateway, bucket, '?endOffset='), ['a', 'b', 'c', 'd'], 'Go sends empty offsets');
  },
);

apiTest(
  { method: 'objects.list', parameters: ['maxResults', 'pageToken'] },
  'pages through names and prefixes together',
  async (gateway) => {
    const bucket = await bucketOf(gateway, ['a', 'b/1', 'b/2', 'c', 'd']);
    const pages: (readonly string[])[] = [];
    for (let token = ''; ; ) {
      const query = `?delimiter=/&maxResults=2${token === '' ? '' : `&pageToken=${token}`}`;
      const { json } = await gateway.list(bucket, query);
      pages.push([...namesOf(json), ...(json.prefixes ?? [])]);
      if (json.nextPageToken === undefined || pages.length > 5) break;
      token = json.nextPageToken;
    }
    assert.deepEqual(pages, [
      ['a', 'b/'],
      ['c', 'd'],
    ]);
  },
);

apiTest(
  { method: 'objects.list', parameters: ['projection'] },
  'tells access lists only when asked for all',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const acl = [{ entity: 'allUsers', role: 'READER' }];
    await gateway.put(bucket, 'x');
    const patched = await gateway.call('PATCH', `/storage/v1/b/${bucket}/o/x`, { body: { acl } });
    assert.equal(patched.status, 200, patched.text);
    assert.equal((await gateway.list(bucket)).json.items[0]?.acl, undefined);
    assert.notEqual((await gateway.list(bucket, '?projection=full')).json.items[0]?.acl, undefined);
  },
);

apiTest(
  { method: 'objects.list', globals: ['fields', 'prettyPrint'] },
  'answers in the form asked for',
  async (gateway) => {
    const bucket = await bucketOf(gateway, ['a']);
    const { text } = await gateway.list(bucket, '?fields=items(name)&prettyPrint=false');
    assert.equal(text, '{"items":[{"name":"a"}]}');
    assert.match((await gateway.list(bucket, '?fields=items(name)&prettyPrint=true')).text, /\n {2}"items": \[\n/);
  },
);
