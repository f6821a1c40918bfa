/** Buckets that were deleted, until their time is over. */
import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { namesOf } from '../support/gcs.ts';

const RETAINED = { softDeletePolicy: { retentionDurationSeconds: '604800' }, labels: { team: 'a' } };

interface DeletedBucket {
  readonly generation: string;
  readonly softDeleteTime: string;
  readonly hardDeleteTime: string;
}

const call = (gateway: ApiGateway, method: string, path: string) => gateway.call(method, `/storage/v1/b${path}`);
const status = async (gateway: ApiGateway, method: string, path: string) => (await call(gateway, method, path)).status;

/** Makes it and deletes it; its generation. */
async function deleted(gateway: ApiGateway, name: string): Promise<string> {
  const body = { name, ...RETAINED };
  const made = await gateway.call('POST', '/storage/v1/b?project=test', { body });
  assert.equal(made.status, 200, made.text);
  assert.equal(await status(gateway, 'DELETE', `/${name}`), 204);
  return made.json.generation;
}

apiTest(
  { method: 'buckets.get', parameters: ['softDeleted', 'generation'] },
  'tells of a deleted bucket by its generation, until its time is over',
  async (gateway) => {
    const [first, second] = [await deleted(gateway, 'bucket-1'), await deleted(gateway, 'bucket-1')];
    assert.notEqual(first, second);
    for (const generation of [first, second]) {
      const found = await call(gateway, 'GET', `/bucket-1?softDeleted=true&generation=${generation}`);
      assert.equal(found.status, 200, found.text);
      const bucket = JSON.parse(found.text) as DeletedBucket;
      assert.equal(bucket.generation, generation);
      assert.equal(Date.parse(bucket.hardDeleteTime) - Date.parse(bucket.softDeleteTime), 604_800_000);
    }
    assert.equal(await status(gateway, 'GET', `/bucket-1?generation=${first}`), 404);
    assert.equal(await status(gateway, 'GET', '/bucket-1?softDeleted=true'), 400);
    const live = await gateway.bucket();
    const { generation } = (await call(gateway, 'GET', `/${live}`)).json;
    assert.equal(await status(gateway, 'GET', `/${live}?generation=${generation}`), 200);
    assert.equal(await status(gateway, 'GET', `/${live}?generation=${first}`), 404);
    assert.equal(await status(gateway, 'GET', `/${live}?softDeleted=true&generation=${generation}`), 404);
    await gateway.clock.advance(604_800_000);
    assert.equal(await status(gateway, 'GET', `/bucket-1?softDeleted=true&generation=${first}`), 404);
  },
);

apiTest(
  { method: 'buckets.list', parameters: ['softDeleted', 'project', 'prefix', 'maxResults', 'pageToken'] },
  'lists the deleted buckets of a project, page by page',
  async (gateway) => {
    for (const name of ['aaa', 'aab', 'aab', 'bbb']) await deleted(gateway, name);
    const live = await gateway.bucket();
    const list = async (query = '') => (await call(gateway, 'GET', `?project=test${query}`)).json;
    assert.deepEqual(namesOf(await list()), [live]);
    assert.deepEqual(namesOf(await list('&softDeleted=true')), ['aaa', 'aab', 'aab', 'bbb']);
    assert.deepEqual(namesOf(await list('&softDeleted=true&prefix=aa')), ['aaa', 'aab', 'aab']);
    assert.deepEqual(namesOf((await call(gateway, 'GET', '?project=other&softDeleted=true')).json), []);
    const first = await list('&softDeleted=true&maxResults=2');
    assert.deepEqual(namesOf(first), ['aaa', 'aab']);
    const rest = await list(`&softDeleted=true&maxResults=2&pageToken=${first.nextPageToken}`);
    assert.deepEqual(namesOf(rest), ['aab', 'bbb']);
  },
);

apiTest(
  { method: 'buckets.restore', parameters: ['bucket', 'generation', 'projection'] },
  'brings one of the deleted buckets of a name back',
  async (gateway) => {
    const [first, second] = [await deleted(gateway, 'bucket-1'), await deleted(gateway, 'bucket-1')];
    const other = await deleted(gateway, 'bucket-2');
    const restore = (name: string, query: string) => call(gateway, 'POST', `/${name}/restore${query}`);
    assert.equal((await restore('bucket-1', '')).status, 400);
    assert.equal((await restore('bucket-1', `?generation=${other}`)).status, 404);
    const restored = await restore('bucket-1', `?generation=${first}`);
    assert.equal(restored.status, 200, restored.text);
    const { generation, labels, metageneration, acl } = restored.json;
    assert.deepEqual([generation, labels, metageneration], [first, { team: 'a' }, '2']);
    assert.notEqual(acl, undefined);
    assert.equal((await call(gateway, 'GET', '/bucket-1')).json.generation, first);
    assert.equal((await restore('bucket-1', `?generation=${second}`)).status, 409);
    assert.equal((await restore('bucket-2', `?generation=${other}&projection=noAcl`)).json.acl, undefined);
  },
);
