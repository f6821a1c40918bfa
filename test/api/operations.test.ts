import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

async function begin(gateway: ApiGateway, bucket: string): Promise<string> {
  const body = { matchGlobs: ['**'] };
  const begun = await gateway.call('POST', `/storage/v1/b/${bucket}/o/bulkRestore`, { body });
  assert.equal(begun.status, 200, begun.text);
  return begun.json.name.split('/').at(-1) ?? '';
}

const softDeleting = (gateway: ApiGateway) =>
  gateway.bucket({ softDeletePolicy: { retentionDurationSeconds: '604800' } });

const pathOf = (bucket: string, rest = '') => `/storage/v1/b/${bucket}/operations${rest}`;

apiTest(
  { method: 'operations.get', parameters: ['bucket', 'operationId'] },
  'shows an operation until it is done, and after',
  async (gateway) => {
    const [bucket, other] = [await softDeleting(gateway), await softDeleting(gateway)];
    const [id, second] = [await begin(gateway, bucket), await begin(gateway, bucket)];
    const get = (path: string) => gateway.call('GET', path);
    const shown = await get(pathOf(bucket, `/${id}`));
    assert.deepEqual([shown.json.name.endsWith(id), shown.json.done], [true, false]);
    assert.ok((await get(pathOf(bucket, `/${second}`))).json.name.endsWith(second));
    assert.equal((await get(pathOf(other, `/${id}`))).status, 404);
    assert.equal((await get(pathOf(bucket, '/none'))).status, 404);
    await gateway.runChores();
    assert.equal((await get(pathOf(bucket, `/${id}`))).json.done, true);
  },
);

apiTest(
  { method: 'operations.list', parameters: ['bucket', 'filter', 'pageSize', 'pageToken'] },
  'lists what a filter asks for, page by page',
  async (gateway) => {
    const [bucket, other] = [await softDeleting(gateway), await softDeleting(gateway)];
    const list = async (query: string, of = bucket) =>
      JSON.parse((await gateway.call('GET', pathOf(of, query))).text) as {
        operations?: { name: string; done: boolean }[];
        nextPageToken?: string;
      };
    await begin(gateway, bucket);
    await gateway.runChores();
    await begin(gateway, bucket);
    await begin(gateway, bucket);
    assert.equal((await list('')).operations?.length, 3);
    assert.equal((await list('', other)).operations, undefined);
    assert.equal((await list('?filter=done%20%3D%20true')).operations?.length, 1);
    const first = await list('?pageSize=2');
    assert.equal(first.operations?.length, 2);
    const rest = await list(`?pageSize=2&pageToken=${encodeURIComponent(first.nextPageToken ?? '')}`);
    assert.equal(rest.operations?.length, 1);
    assert.ok(!first.operations?.some(({ name }) => name === rest.operations?.[0]?.name));
    assert.equal((await gateway.call('GET', pathOf(bucket, '?filter=%3D'))).status, 400);
  },
);

apiTest(
  { method: 'operations.cancel', parameters: ['bucket', 'operationId'] },
  'ends one of two operations before its work is done',
  async (gateway) => {
    const [bucket, other] = [await softDeleting(gateway), await softDeleting(gateway)];
    const [id, kept] = [await begin(gateway, bucket), await begin(gateway, bucket)];
    assert.equal((await gateway.call('POST', pathOf(other, `/${id}/cancel`))).status, 404);
    const cancelled = await gateway.call('POST', pathOf(bucket, `/${id}/cancel`));
    assert.equal(cancelled.status, 204, cancelled.text);
    await gateway.runChores();
    const outcome = async (of: string) => JSON.parse((await gateway.call('GET', pathOf(bucket, `/${of}`))).text);
    assert.equal((await outcome(id)).error.code, 1);
    assert.equal((await outcome(kept)).error, undefined);
  },
);

apiTest(
  { method: 'projects.serviceAccount.get', parameters: ['projectId'] },
  'names the account of each project',
  async (gateway) => {
    const of = async (project: string) =>
      JSON.parse((await gateway.call('GET', `/storage/v1/projects/${project}/serviceAccount`)).text);
    assert.equal((await of('one')).kind, 'storage#serviceAccount');
    assert.match((await of('one')).email_address, /^service-\d{12}@gs-project-accounts\.iam\.gserviceaccount\.com$/);
    assert.notEqual((await of('one')).email_address, (await of('two')).email_address);
  },
);
