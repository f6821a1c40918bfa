import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import type { GcsJson } from '../support/http-call.ts';

const KEYS = '/storage/v1/projects/test/hmacKeys';

const create = (gateway: ApiGateway, email = 'a@x.iam.gserviceaccount.com', path = KEYS) =>
  gateway.call('POST', `${path}?serviceAccountEmail=${encodeURIComponent(email)}`);

const accessIdOf = ({ metadata }: GcsJson): string => metadata['accessId'] ?? '';

async function createId(gateway: ApiGateway, email?: string): Promise<string> {
  const made = await create(gateway, email);
  assert.equal(made.status, 200, made.text);
  return accessIdOf(made.json);
}

const setState = (gateway: ApiGateway, id: string, body: Record<string, unknown>) =>
  gateway.call('PUT', `${KEYS}/${id}`, { body });

async function removeKey(gateway: ApiGateway, id: string): Promise<void> {
  assert.equal((await setState(gateway, id, { state: 'INACTIVE' })).status, 200);
  assert.equal((await gateway.call('DELETE', `${KEYS}/${id}`)).status, 204);
}

apiTest(
  [
    { method: 'projects.hmacKeys.create', parameters: ['projectId', 'serviceAccountEmail'] },
    { method: 'projects.hmacKeys.get', parameters: ['projectId', 'accessId'] },
  ],
  'makes a key and tells its secret once',
  async (gateway) => {
    const made = await create(gateway, 'a@x.iam.gserviceaccount.com');
    assert.equal(made.status, 200, made.text);
    assert.match(made.json.secret, /^[A-Za-z0-9+/]{40}$/);
    const { metadata } = made.json;
    const accessId = accessIdOf(made.json);
    assert.match(accessId, /^GOOG1E[A-Z2-7]{55}$/);
    assert.partialDeepStrictEqual(metadata, {
      kind: 'storage#hmacKeyMetadata',
      id: `test/${accessId}`,
      selfLink: `${gateway.base}${KEYS}/${accessId}`,
      projectId: 'test',
      serviceAccountEmail: 'a@x.iam.gserviceaccount.com',
      state: 'ACTIVE',
    });
    const read = await gateway.call('GET', `${KEYS}/${accessId}`);
    assert.deepEqual(read.json, metadata);
    assert.equal(read.text.includes(made.json.secret), false);
    assert.equal((await gateway.call('GET', `/storage/v1/projects/other/hmacKeys/${accessId}`)).status, 404);
    assert.equal((await gateway.call('GET', `${KEYS}/GOOG1E`)).status, 404);
  },
);

apiTest(
  { method: 'projects.hmacKeys.create', parameters: ['serviceAccountEmail'] },
  'makes ten keys of an account at most, deleted ones not counted',
  async (gateway) => {
    assert.equal((await gateway.call('POST', KEYS)).status, 400);
    assert.equal((await create(gateway, 'no address')).status, 400);
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await createId(gateway));
    assert.equal((await create(gateway)).status, 400);
    await createId(gateway, 'b@x.iam.gserviceaccount.com');
    await removeKey(gateway, ids[0] ?? '');
    await createId(gateway);
    assert.equal((await create(gateway)).status, 400);
  },
);

apiTest(
  { method: 'projects.hmacKeys.update', parameters: ['projectId', 'accessId'], fields: ['state', 'etag'] },
  'deactivates a key and activates it again',
  async (gateway) => {
    const made = (await create(gateway)).json;
    const [accessId, etag] = [accessIdOf(made), made.metadata['etag']];
    await gateway.clock.advance(1_000);
    const off = await setState(gateway, accessId, { state: 'INACTIVE', etag });
    assert.deepEqual([off.status, off.json.state], [200, 'INACTIVE']);
    assert.notEqual(off.json.etag, etag);
    assert.notEqual(off.json.updated, off.json.timeCreated);
    assert.equal((await setState(gateway, accessId, { state: 'ACTIVE', etag })).status, 412);
    assert.equal((await gateway.call('GET', `${KEYS}/${accessId}`)).json.state, 'INACTIVE');
    for (const state of ['DELETED', 'other', undefined]) {
      assert.equal((await setState(gateway, accessId, { state })).status, 400);
    }
    assert.equal((await setState(gateway, accessId, { state: 'ACTIVE' })).json.state, 'ACTIVE');
  },
);

apiTest(
  { method: 'projects.hmacKeys.delete', parameters: ['projectId', 'accessId'] },
  'deletes an inactive key, which is still shown',
  async (gateway) => {
    const id = await createId(gateway);
    const remove = async () => (await gateway.call('DELETE', `${KEYS}/${id}`)).status;
    assert.equal(await remove(), 400);
    await setState(gateway, id, { state: 'INACTIVE' });
    assert.equal(await remove(), 204);
    assert.equal(await remove(), 400);
    assert.equal((await setState(gateway, id, { state: 'ACTIVE' })).status, 400);
    assert.equal((await gateway.call('GET', `${KEYS}/${id}`)).json.state, 'DELETED');
  },
);

apiTest(
  {
    method: 'projects.hmacKeys.list',
    parameters: ['projectId', 'serviceAccountEmail', 'showDeletedKeys', 'maxResults', 'pageToken'],
  },
  'lists the keys of a project, page by page',
  async (gateway) => {
    const [a, b] = ['a@x.iam.gserviceaccount.com', 'b@x.iam.gserviceaccount.com'];
    const [one, two, other] = [await createId(gateway, a), await createId(gateway, a), await createId(gateway, b)];
    const elsewhere = await create(gateway, a, '/storage/v1/projects/elsewhere/hmacKeys');
    assert.equal(elsewhere.status, 200, elsewhere.text);
    await removeKey(gateway, two);
    const list = async (query = '') => (await gateway.call('GET', `${KEYS}${query}`)).json;
    const idsOf = (page: GcsJson) => (page.items ?? []).map((key) => key.accessId);
    assert.deepEqual(idsOf(await list()), [one, other]);
    assert.deepEqual(idsOf(await list(`?serviceAccountEmail=${b}`)), [other]);
    const sorted = [one, two].toSorted();
    assert.deepEqual(idsOf(await list('?showDeletedKeys=true')), [...sorted, other]);
    const first = await list('?showDeletedKeys=true&maxResults=2');
    assert.deepEqual(idsOf(first), sorted);
    const rest = await list(`?showDeletedKeys=true&maxResults=2&pageToken=${first.nextPageToken}`);
    assert.deepEqual([idsOf(rest), rest.nextPageToken], [[other], undefined]);
  },
);
