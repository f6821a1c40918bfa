/** The project that pays, of every method that takes one. */
import assert from 'node:assert/strict';
import { METHODS, type Method } from '../../src/dialects/gcs-json/api/methods.ts';
import { type ApiGateway, apiTest, type Claim } from '../support/api-test.ts';

const MISSING = /^Bucket is a requester pays bucket but no user project provided/;
const INVALID = /^User project specified in the request is invalid/;
const BUCKETS = ['bucket', 'sourceBucket', 'destinationBucket'];

const paying = Object.values(METHODS).filter(({ parameters }) => parameters.has('userProject'));

/** A bucket of which one has to say who pays. */
const paidFor = (gateway: ApiGateway) => gateway.bucket({ billing: { requesterPays: true } });

/** Calls the method, which need not succeed, on these buckets; what was wrong with it. */
async function complaint(gateway: ApiGateway, method: Method, buckets: Readonly<Record<string, string>>, payer = '') {
  const query = new URLSearchParams(payer === '' ? {} : { userProject: payer });
  for (const { name, isRequired, isInPath } of method.parameters.values()) {
    if (isRequired && !isInPath) query.set(name, '1');
  }
  const [uploadPath] = method.uploadPaths;
  if (uploadPath !== undefined) query.set('uploadType', 'media');
  const path = (uploadPath ?? `/storage/v1${method.pattern}`).replace(/:(\w+)/g, (_, name) => buckets[name] ?? 'x1');
  const answer = await gateway.call(method.verb, `${path}?${query}`, method.body === undefined ? {} : { body: {} });
  return answer.status < 300 ? '' : answer.json.error.message;
}

assert.ok(paying.length > 50, 'most methods take it');

for (const method of paying) {
  const claim = { method: method.id, parameters: ['userProject'] } as const;
  apiTest(claim as unknown as Claim, `${method.id} takes the project that pays`, async (gateway) => {
    assert.match(await complaint(gateway, method, {}, 'Not a project!'), INVALID);
    for (const name of BUCKETS.filter((one) => method.parameters.has(one))) {
      const others = Object.fromEntries(await Promise.all(BUCKETS.map(async (one) => [one, await gateway.bucket()])));
      const buckets = { ...others, [name]: await paidFor(gateway) };
      assert.match(await complaint(gateway, method, buckets), MISSING, `of ${name}`);
      assert.doesNotMatch(await complaint(gateway, method, buckets, 'payer'), MISSING, `of ${name}`);
      assert.doesNotMatch(await complaint(gateway, method, others), MISSING);
    }
  });
}

const objectOf = (bucket: string) => `/storage/v1/b/${bucket}/o/a`;

apiTest(
  { method: 'objects.get', parameters: ['userProject'] },
  'a download without payer fails in plain text, and the header of the XML API names one too',
  async (gateway) => {
    const bucket = await paidFor(gateway);
    await gateway.put(bucket, 'a', 'bytes', '&userProject=payer');
    const refused = await gateway.call('GET', `${objectOf(bucket)}?alt=media`);
    assert.deepEqual([refused.status, refused.headers['content-type']], [400, 'text/html; charset=UTF-8']);
    assert.match(refused.text, MISSING);
    const resource = await gateway.call('GET', objectOf(bucket));
    const [error] = resource.json.error.errors;
    assert.deepEqual([resource.status, error?.reason, error?.location], [400, 'required', undefined]);
    for (const payer of ['payer', 'example.com:payer', '123456']) {
      const headers = { 'X-Goog-User-Project': payer };
      const byHeader = await gateway.call('GET', `${objectOf(bucket)}?alt=media`, { headers });
      assert.equal(byHeader.text, 'bytes', payer);
      const byQuery = await gateway.call('GET', `${objectOf(bucket)}?alt=media&userProject=${payer}`);
      assert.equal(byQuery.text, 'bytes', payer);
    }
    const headers = { 'X-Goog-User-Project': 'No!' };
    assert.match((await gateway.call('GET', objectOf(bucket), { headers })).json.error.message, INVALID);
  },
);

apiTest(
  { method: 'objects.insert', parameters: ['userProject'] },
  'the start of a resumable upload says who pays for all of it',
  async (gateway) => {
    const bucket = await paidFor(gateway);
    const start = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=a`;
    assert.equal((await gateway.call('POST', start, { body: {} })).status, 400);
    const started = await gateway.call('POST', `${start}&userProject=payer`, { body: {} });
    assert.equal(started.status, 200, started.text);
    const session = new URL(String(started.headers.location));
    session.searchParams.delete('userProject');
    const sent = await gateway.call('PUT', `${session.pathname}${session.search}`, { body: 'bytes' });
    assert.equal(sent.status, 200, sent.text);
  },
);

apiTest(
  { method: 'buckets.patch', parameters: ['userProject'] },
  'who pays may say that nobody has to any more; that somebody has to is noticed within a second',
  async (gateway) => {
    const bucket = await paidFor(gateway);
    const patch = (requesterPays: boolean, query = '') =>
      gateway.call('PATCH', `/storage/v1/b/${bucket}${query}`, { body: { billing: { requesterPays } } });
    const list = async () => (await gateway.call('GET', `/storage/v1/b/${bucket}/o`)).status;
    assert.equal((await patch(false)).status, 400);
    assert.equal((await patch(false, '?userProject=payer')).status, 200);
    assert.equal(await list(), 200);
    assert.equal((await patch(true)).status, 200);
    await gateway.clock.advance(1_000);
    assert.equal(await list(), 400);
  },
);
