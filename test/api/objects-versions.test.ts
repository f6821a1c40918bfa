import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';
import type { GcsJson } from '../support/http-call.ts';

type Resource = Readonly<Record<string, unknown>>;

const VERSIONED = { versioning: { enabled: true } };
const WEEK_S = 7 * 86_400;
const SOFT_DELETING = { softDeletePolicy: { retentionDurationSeconds: String(WEEK_S) } };

/** Every item of a listing as `name#generation`, all pages put together. */
async function listed(gateway: ApiGateway, bucket: string, query: string): Promise<readonly string[]> {
  const items: string[] = [];
  for (let token = ''; ; ) {
    const page = await gateway.list(bucket, `?${query}${token === '' ? '' : `&pageToken=${token}`}`);
    assert.equal(page.status, 200, page.text);
    for (const { name, generation } of page.json.items ?? []) items.push(`${name}#${generation}`);
    if (page.json.nextPageToken === undefined) return items;
    token = page.json.nextPageToken;
  }
}

apiTest(
  { method: 'objects.list', parameters: ['versions', 'pageToken', 'maxResults'] },
  'lists noncurrent versions beside the live one, in the order of name and generation',
  async (gateway) => {
    const bucket = await gateway.bucket(VERSIONED);
    const made: Record<string, string> = {};
    for (const step of ['a1', 'b1', 'a2', 'a3', 'b2']) {
      made[step] = (await gateway.put(bucket, step.slice(0, 1), step)).generation;
    }
    await gateway.call('DELETE', objectPath(bucket, 'b'));
    assert.deepEqual(await listed(gateway, bucket, ''), [`a#${made['a3']}`]);
    const all = ['a1', 'a2', 'a3', 'b1', 'b2'].map((step) => `${step.slice(0, 1)}#${made[step]}`);
    assert.deepEqual(await listed(gateway, bucket, 'versions=true'), all);
    assert.deepEqual(await listed(gateway, bucket, 'versions=true&maxResults=2'), all);
    assert.equal((await gateway.list(bucket, '?versions=true&maxResults=2')).json.items.length, 2);
    const { items } = (await gateway.list(bucket, '?versions=true&prefix=a')).json;
    const isDeleted = items.map(({ timeDeleted }: { timeDeleted?: string }) => timeDeleted !== undefined);
    assert.deepEqual(isDeleted, [true, true, false]);
  },
);

apiTest(
  [
    { method: 'objects.get', parameters: ['generation'] },
    { method: 'objects.patch', parameters: ['generation'] },
    { method: 'objects.update', parameters: ['generation'] },
    { method: 'objects.copy', parameters: ['sourceGeneration'] },
    { method: 'objects.rewrite', parameters: ['sourceGeneration'] },
    { method: 'objects.compose', fields: ['sourceObjects.generation'] },
  ],
  'reads, changes and copies the noncurrent version that is named',
  async (gateway) => {
    const bucket = await gateway.bucket(VERSIONED);
    const { generation: old } = await gateway.put(bucket, 'x', 'one');
    const { generation: live } = await gateway.put(bucket, 'x', 'three');
    const at = `?generation=${old}`;
    assert.equal((await gateway.get(bucket, 'x', `${at}&alt=media`)).text, 'one');
    const patch = await gateway.call('PATCH', `${objectPath(bucket, 'x')}${at}`, { body: { metadata: { a: '1' } } });
    assert.deepEqual([patch.json.generation, patch.json.metageneration, patch.json.metadata], [old, '2', { a: '1' }]);
    assert.equal(typeof patch.json.timeDeleted, 'string');
    const update = await gateway.call('PUT', `${objectPath(bucket, 'x')}${at}`, { body: {} });
    assert.deepEqual([update.json.generation, update.json.metadata], [old, undefined]);
    assert.equal((await gateway.get(bucket, 'x')).json.generation, live);
    for (const how of ['copyTo', 'rewriteTo']) {
      const path = `${objectPath(bucket, 'x')}/${how}/b/${bucket}/o/${how}?sourceGeneration=${old}`;
      assert.equal((await gateway.call('POST', path, { body: {} })).status, 200);
      assert.equal((await gateway.get(bucket, how, '?alt=media')).text, 'one');
    }
    const sourceObjects = [{ name: 'x' }, { name: 'x', generation: old }];
    await gateway.call('POST', `${objectPath(bucket, 'sum')}/compose`, { body: { sourceObjects } });
    assert.equal((await gateway.get(bucket, 'sum', '?alt=media')).text, 'threeone');
  },
);

apiTest(
  { method: 'objects.delete', parameters: ['generation', 'ifGenerationMatch', 'ifMetagenerationMatch'] },
  'makes the live version noncurrent, and deletes for good the one that is named',
  async (gateway) => {
    const bucket = await gateway.bucket(VERSIONED);
    const { generation: old } = await gateway.put(bucket, 'x', 'one');
    const { generation: live } = await gateway.put(bucket, 'x', 'two');
    const path = objectPath(bucket, 'x');
    assert.equal((await gateway.call('DELETE', `${path}?generation=${old}&ifGenerationMatch=${live}`)).status, 412);
    assert.equal((await gateway.call('DELETE', `${path}?generation=${old}&ifMetagenerationMatch=2`)).status, 412);
    assert.equal((await gateway.call('DELETE', `${path}?generation=${old}&ifMetagenerationMatch=1`)).status, 204);
    assert.deepEqual(await listed(gateway, bucket, 'versions=true'), [`x#${live}`]);
    assert.equal((await gateway.call('DELETE', `${path}?ifGenerationMatch=${live}`)).status, 204);
    assert.deepEqual(await listed(gateway, bucket, 'versions=true'), [`x#${live}`]);
    assert.equal((await gateway.get(bucket, 'x')).status, 404);
    assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}`)).status, 409);
    assert.equal((await gateway.call('DELETE', `${path}?generation=${live}`)).status, 204);
    assert.deepEqual(await listed(gateway, bucket, 'versions=true'), []);
    assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}`)).status, 204);
  },
);

apiTest(
  [
    { method: 'objects.list', parameters: ['softDeleted'] },
    { method: 'objects.get', parameters: ['softDeleted', 'generation', 'restoreToken'] },
  ],
  'shows what is soft-deleted until its time is over',
  async (gateway) => {
    const bucket = await gateway.bucket(SOFT_DELETING);
    const { generation: first } = await gateway.put(bucket, 'x', 'one');
    await gateway.clock.advance(1);
    const { generation: second } = await gateway.put(bucket, 'x', 'two');
    await gateway.put(bucket, 'y');
    await gateway.call('DELETE', objectPath(bucket, 'x'));
    assert.deepEqual(await listed(gateway, bucket, 'softDeleted=true'), [`x#${first}`, `x#${second}`]);
    assert.equal((await listed(gateway, bucket, '')).length, 1);
    const at = `?softDeleted=true&generation=${first}`;
    const { json } = await gateway.get(bucket, 'x', at);
    assert.equal(json.generation, first);
    assert.equal(Date.parse(json.hardDeleteTime) - Date.parse(json.softDeleteTime), WEEK_S * 1_000);
    assert.equal((await gateway.get(bucket, 'x', `${at}&restoreToken=0123456789abcdef`)).status, 404);
    assert.equal((await gateway.get(bucket, 'x', '?softDeleted=true')).status, 400);
    assert.equal((await gateway.get(bucket, 'x', `${at}&alt=media`)).status, 400);
    assert.equal((await gateway.get(bucket, 'x', `?generation=${first}`)).status, 404);
    assert.equal((await gateway.list(bucket, '?softDeleted=true&versions=true')).status, 400);
    await gateway.clock.advance(WEEK_S * 1_000);
    assert.deepEqual(await listed(gateway, bucket, 'softDeleted=true'), []);
    assert.equal((await gateway.get(bucket, 'x', at)).status, 404);
    await gateway.runChores();
    assert.deepEqual(await listed(gateway, bucket, 'softDeleted=true'), []);
  },
);

/** Prefixes, then names. */
async function shown(gateway: ApiGateway, bucket: string, query: string): Promise<readonly string[]> {
  const { status, json, text } = await gateway.list(bucket, query);
  assert.equal(status, 200, text);
  return [...(json.prefixes ?? []), ...(json.items ?? []).map(({ name }: { name: string }) => name)];
}

apiTest(
  { method: 'objects.list', parameters: ['matchGlob'] },
  'lists items and prefixes that match a pattern',
  async (gateway) => {
    const bucket = await gateway.bucket();
    for (const name of ['a.csv', 'a/b.csv', 'a/b/c.csv', 'a/b.json', 'z/1.csv']) await gateway.put(bucket, name);
    const glob = (pattern: string) => shown(gateway, bucket, `?matchGlob=${encodeURIComponent(pattern)}`);
    assert.deepEqual(await glob('*.csv'), ['a.csv']);
    assert.deepEqual(await glob('**/*.csv'), ['a.csv', 'a/b.csv', 'a/b/c.csv', 'z/1.csv']);
    assert.deepEqual(await glob('{a,z}/?.{csv,json}'), ['a/b.csv', 'a/b.json', 'z/1.csv']);
    assert.deepEqual(await shown(gateway, bucket, '?delimiter=/&matchGlob=a*/'), ['a/']);
    assert.deepEqual(await shown(gateway, bucket, '?matchGlob=**.csv&maxResults=2'), ['a.csv', 'a/b.csv']);
    assert.equal((await gateway.list(bucket, '?matchGlob=%5Ba')).status, 400);
  },
);

apiTest(
  [
    { method: 'objects.insert', fields: ['contexts.custom'] },
    { method: 'objects.list', parameters: ['filter'] },
  ],
  'lists objects by their contexts',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const contexts = { custom: { team: { value: 'sales' } } };
    const session = await gateway.startUpload(bucket, 'tagged', { resource: { contexts } });
    await gateway.chunk(session, 'bytes 0-0/1', 'x');
    await gateway.put(bucket, 'dir/plain');
    const filter = (text: string, more = '') => shown(gateway, bucket, `?filter=${encodeURIComponent(text)}${more}`);
    assert.deepEqual(await filter('contexts."team":*'), ['tagged']);
    assert.deepEqual(await filter('contexts."team"="sales"'), ['tagged']);
    assert.deepEqual(await filter('contexts."team"="other"'), []);
    assert.deepEqual(await filter('-contexts."team":*'), ['dir/plain']);
    assert.deepEqual(await filter('contexts."team":*', '&delimiter=/'), ['dir/', 'tagged']);
    assert.equal((await gateway.list(bucket, '?filter=name%3Dx')).status, 400);
    const { contexts: kept, timeCreated } = (await gateway.get(bucket, 'tagged')).json;
    const team = { value: 'sales', createTime: timeCreated, updateTime: timeCreated };
    assert.deepEqual(kept, { custom: { team } });
  },
);

apiTest(
  [
    { method: 'objects.patch', fields: ['contexts.custom'] },
    { method: 'objects.update', fields: ['contexts.custom'] },
  ],
  'changes contexts key by key, or all of them',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await gateway.put(bucket, 'x');
    const change = async (verb: 'PATCH' | 'PUT', contexts: unknown) => {
      await gateway.clock.advance(1_000);
      const answer = await gateway.call(verb, objectPath(bucket, 'x'), { body: { contexts } });
      const { contexts: left } = answer.status === 200 ? answer.json : {};
      return { status: answer.status, left, keys: Object.keys(left?.custom ?? {}) };
    };
    const first = (await change('PATCH', { custom: { a: { value: '1' }, b: { value: '2' } } })).left?.custom;
    const second = await change('PATCH', { custom: { a: { value: '9' }, b: null, c: { value: '3' } } });
    assert.deepEqual(second.keys, ['a', 'c']);
    const [before, after] = [first?.['a'], second.left?.custom['a']];
    assert.equal(after?.createTime, before?.createTime);
    assert.ok(Date.parse(after?.updateTime ?? '') > Date.parse(before?.updateTime ?? ''));
    assert.deepEqual((await change('PUT', { custom: { d: { value: '4' } } })).keys, ['d']);
    assert.equal((await change('PATCH', { custom: { '-bad': { value: '4' } } })).status, 400);
    for (const without of [null, {}, { value: null }]) {
      assert.deepEqual((await change('PATCH', { custom: { e: { value: '5' } } })).keys, ['d', 'e']);
      assert.deepEqual((await change('PATCH', { custom: { e: without } })).keys, ['d']);
    }
    assert.equal((await change('PATCH', { custom: null })).left, undefined);
    await change('PATCH', { custom: { f: { value: '5' } } });
    assert.equal((await change('PATCH', null)).left, undefined);
  },
);

apiTest(
  [
    { method: 'objects.copy', fields: ['contexts.custom'] },
    { method: 'objects.rewrite', parameters: ['dropContextGroups'], fields: ['contexts.custom'] },
    { method: 'objects.compose', parameters: ['dropContextGroups'], fields: ['destination.contexts.custom'] },
  ],
  'copies and compositions keep contexts, unless asked to drop or to set them',
  async (gateway) => {
    const bucket = await gateway.bucket();
    for (const name of ['x', 'y']) {
      await gateway.put(bucket, name);
      const contexts = { custom: { [name]: { value: '1' }, both: { value: name } } };
      await gateway.call('PATCH', objectPath(bucket, name), { body: { contexts, metadata: { kept: 'yes' } } });
    }
    const set = { contexts: { custom: { own: { value: '2' } } } };
    const keysOf = ({ contexts }: { readonly contexts?: GcsJson['contexts'] }) => Object.keys(contexts?.custom ?? {});
    for (const how of ['copyTo', 'rewriteTo']) {
      const copy = async (body: Resource, query = '') => {
        const path = `${objectPath(bucket, 'x')}/${how}/b/${bucket}/o/to${query}`;
        const { json, status } = await gateway.call('POST', path, { body });
        assert.equal(status, 200);
        return json.resource ?? json;
      };
      assert.deepEqual(keysOf(await copy({})), ['x', 'both']);
      assert.deepEqual(keysOf(await copy({ contentType: 'text/css' })), ['x', 'both']);
      const own = await copy(set);
      assert.deepEqual([keysOf(own), own.metadata], [['own'], { kept: 'yes' }]);
      // objects.copy has no such parameter.
      const left = how === 'copyTo' ? ['x', 'both'] : [];
      assert.deepEqual(keysOf(await copy({}, '?dropContextGroups=custom')), left);
    }
    const rewritePath = `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/to?dropContextGroups=other`;
    assert.equal((await gateway.call('POST', rewritePath, { body: {} })).status, 400);
    const compose = async (destination: Resource, query = '') => {
      const body = { sourceObjects: [{ name: 'x' }, { name: 'y' }], destination };
      return (await gateway.call('POST', `${objectPath(bucket, 'sum')}/compose${query}`, { body })).json;
    };
    const whole = await compose({});
    assert.deepEqual(keysOf(whole), ['x', 'both', 'y']);
    assert.equal(whole.contexts.custom['both']?.value, 'y');
    assert.deepEqual(keysOf(await compose({}, '?dropContextGroups=custom')), []);
    assert.deepEqual(keysOf(await compose(set)), ['own']);
  },
);
