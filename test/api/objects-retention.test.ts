import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { objectPath } from '../support/gcs.ts';
import type { Answer } from '../support/http-call.ts';

type Resource = Readonly<Record<string, unknown>>;

const HOUR_MS = 3_600_000;

const after = (gateway: ApiGateway, ms: number) => new Date(gateway.clock.nowMs() + ms).toISOString();

const retention = (gateway: ApiGateway, mode: 'Unlocked' | 'Locked', ms = HOUR_MS) => ({
  retention: { mode, retainUntilTime: after(gateway, ms) },
});

async function makeBucket(gateway: ApiGateway, resource: Resource = {}, query = '&enableObjectRetention=true') {
  const body = { name: 'some-bucket', ...resource };
  const answer = await gateway.call('POST', `/storage/v1/b?project=test${query}`, { body });
  assert.equal(answer.status, 200, answer.text);
  return 'some-bucket';
}

const remove = (gateway: ApiGateway, bucket: string, name: string) => gateway.call('DELETE', objectPath(bucket, name));

function assertRefused(answer: Answer, status: number, reason: string, message: RegExp): void {
  assert.equal(answer.status, status, answer.text);
  const { error } = answer.json;
  assert.equal(error.errors[0]?.reason, reason);
  assert.match(error.message, message);
}

/** Ways of making `y` with a resource that says something of it; `x` is there. */
const MAKERS = [
  {
    method: 'objects.insert',
    prefix: '',
    make: (gateway: ApiGateway, bucket: string, resource: Resource) =>
      gateway.insert(bucket, { name: 'y', ...resource }, 'y'),
  },
  {
    method: 'objects.insert',
    way: 'a resumable upload',
    prefix: '',
    make: async (gateway: ApiGateway, bucket: string, resource: Resource) => {
      const path = `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=y`;
      const started = await gateway.call('POST', path, { body: resource });
      if (started.status !== 200) return started;
      const { pathname, search } = new URL(started.headers.location ?? '');
      return await gateway.chunk(`${pathname}${search}`, 'bytes 0-0/1', 'y');
    },
  },
  {
    method: 'objects.copy',
    prefix: '',
    make: (gateway: ApiGateway, bucket: string, body: Resource) =>
      gateway.call('POST', `${objectPath(bucket, 'x')}/copyTo/b/${bucket}/o/y`, { body }),
  },
  {
    method: 'objects.rewrite',
    prefix: '',
    make: (gateway: ApiGateway, bucket: string, body: Resource) =>
      gateway.call('POST', `${objectPath(bucket, 'x')}/rewriteTo/b/${bucket}/o/y`, { body }),
  },
  {
    method: 'objects.compose',
    prefix: 'destination.',
    make: (gateway: ApiGateway, bucket: string, destination: Resource) => {
      const body = { sourceObjects: [{ name: 'x' }], destination };
      return gateway.call('POST', `${objectPath(bucket, 'y')}/compose`, { body });
    },
  },
] as const;

for (const { method, prefix, make, ...maker } of MAKERS) {
  const way = 'way' in maker ? maker.way : method;
  const fields = [`${prefix}retention.mode`, `${prefix}retention.retainUntilTime`];

  apiTest({ method, fields }, `${way} makes an object that is kept until its own time`, async (gateway) => {
    const bucket = await makeBucket(gateway);
    await gateway.put(bucket, 'x');
    for (const mode of ['Unlocked', 'Locked'] as const) {
      const wanted = retention(gateway, mode);
      const made = await make(gateway, bucket, wanted);
      assert.equal(made.status, 200, made.text);
      const { json } = await gateway.get(bucket, 'y');
      const { retainUntilTime } = wanted.retention;
      assert.deepEqual([json.retention, json.retentionExpirationTime], [wanted.retention, retainUntilTime]);
      for (const lose of [remove(gateway, bucket, 'y'), make(gateway, bucket, {})]) {
        assertRefused(await lose, 403, 'retentionPolicyNotMet', /cannot be deleted or overwritten until/);
      }
      await gateway.clock.advance(HOUR_MS);
      assert.equal((await make(gateway, bucket, {})).status, 200);
      assert.equal((await gateway.get(bucket, 'y')).json.retention, undefined, 'a new object has none');
    }
  });

  apiTest({ method, fields }, `${way} refuses a retention that there cannot be`, async (gateway) => {
    const bucket = await makeBucket(gateway);
    await gateway.put(bucket, 'x');
    const { mode, retainUntilTime } = retention(gateway, 'Locked').retention;
    const refused: readonly [Resource, RegExp][] = [
      [{ retention: { mode } }, /Both mode and retain until time are required/],
      [{ retention: { retainUntilTime } }, /Both mode and retain until time are required/],
      [{ retention: { mode: 'Open', retainUntilTime } }, /Open is not a valid value/],
      [retention(gateway, 'Locked', 0), /cannot be in the past/],
      [retention(gateway, 'Locked', 3_155_760_000_001), /more than 3155760000 seconds/],
      [{ ...retention(gateway, 'Unlocked'), eventBasedHold: true }, /configured together/],
    ];
    for (const [resource, message] of refused) {
      assertRefused(await make(gateway, bucket, resource), 400, 'invalid', message);
      assert.equal((await gateway.get(bucket, 'y')).status, 404);
    }
    const plain = await gateway.bucket();
    await gateway.put(plain, 'x');
    const answer = await make(gateway, plain, retention(gateway, 'Unlocked'));
    assertRefused(answer, 400, 'invalid', /Object retention is not enabled on the bucket/);
  });

  apiTest(
    [
      { method, fields: [`${prefix}eventBasedHold`] },
      { method: 'buckets.insert', fields: ['defaultEventBasedHold'] },
    ],
    `${way} puts the bucket's default hold on an object that says nothing of it`,
    async (gateway) => {
      const bucket = await makeBucket(gateway, { defaultEventBasedHold: true });
      await gateway.insert(bucket, { name: 'x', eventBasedHold: false });
      const both = await make(gateway, bucket, retention(gateway, 'Unlocked'));
      assertRefused(both, 400, 'invalid', /configured together/);
      assert.equal((await make(gateway, bucket, { eventBasedHold: false })).status, 200);
      assert.equal((await gateway.get(bucket, 'y')).json.eventBasedHold, false);
      assert.equal((await make(gateway, bucket, {})).status, 200);
      assert.equal((await gateway.get(bucket, 'y')).json.eventBasedHold, true);
      assertRefused(await make(gateway, bucket, {}), 403, 'forbidden', /under active Event-Based hold/);
    },
  );
}

apiTest(
  { method: 'buckets.insert', parameters: ['enableObjectRetention'] },
  'takes retention of objects',
  async (gateway) => {
    const bucket = await makeBucket(gateway);
    assert.equal((await gateway.insert(bucket, { name: 'x', ...retention(gateway, 'Locked') })).status, 200);
  },
);

apiTest(
  [
    { method: 'objects.copy', fields: ['storageClass'] },
    { method: 'objects.rewrite', fields: ['storageClass'] },
  ],
  "copies have neither their source's holds nor its retention",
  async (gateway) => {
    const bucket = await makeBucket(gateway);
    const own = { ...retention(gateway, 'Locked'), temporaryHold: true };
    await gateway.insert(bucket, { name: 'x', contentType: 'text/x', ...own });
    await gateway.insert(bucket, { name: 'z', contentType: 'text/z' });
    for (const storageClass of [undefined, 'NEARLINE']) {
      const body = storageClass === undefined ? {} : { storageClass };
      for (const verb of ['copyTo', 'rewriteTo']) {
        const copied = await gateway.call('POST', `${objectPath(bucket, 'x')}/${verb}/b/${bucket}/o/y`, { body });
        assert.equal(copied.status, 200, copied.text);
        const { json } = await gateway.get(bucket, 'y');
        const { contentType, temporaryHold } = json;
        assert.deepEqual([contentType, json.retention, temporaryHold], ['text/x', undefined, undefined]);
        assert.equal(json.storageClass, storageClass ?? 'STANDARD');
      }
    }
  },
);

for (const [method, verb] of [
  ['objects.patch', 'PATCH'],
  ['objects.update', 'PUT'],
] as const) {
  const parameters = ['overrideUnlockedRetention'] as const;
  const fields = ['retention.mode', 'retention.retainUntilTime'];
  const change = (gateway: ApiGateway, bucket: string, body: Resource, query = '') =>
    gateway.call(verb, `${objectPath(bucket, 'x')}${query}`, { body });
  const none = verb === 'PATCH' ? { retention: null } : {};
  const OVERRIDE = '?overrideUnlockedRetention=true';

  apiTest(
    { method, parameters, fields },
    `${verb} loosens and locks an unlocked retention when told that this is meant`,
    async (gateway) => {
      const bucket = await makeBucket(gateway);
      await gateway.put(bucket, 'x');
      const set = await change(gateway, bucket, retention(gateway, 'Unlocked'));
      assert.deepEqual([set.status, set.json.retention], [200, retention(gateway, 'Unlocked').retention], set.text);
      assert.equal((await change(gateway, bucket, retention(gateway, 'Unlocked', 2 * HOUR_MS))).status, 200);
      for (const wanted of [retention(gateway, 'Unlocked'), retention(gateway, 'Locked', 3 * HOUR_MS), none]) {
        const before = (await gateway.get(bucket, 'x')).json;
        for (const query of ['', '?overrideUnlockedRetention=false']) {
          const refused = await change(gateway, bucket, wanted, query);
          assertRefused(refused, 403, 'forbidden', /unlocked object retention cannot be removed/);
        }
        assert.deepEqual((await gateway.get(bucket, 'x')).json, before);
      }
      assertRefused(await remove(gateway, bucket, 'x'), 403, 'retentionPolicyNotMet', /until/);
      const shorter = await change(gateway, bucket, retention(gateway, 'Unlocked'), OVERRIDE);
      assert.deepEqual(shorter.json.retention, retention(gateway, 'Unlocked').retention, shorter.text);
      const removed = await change(gateway, bucket, none, OVERRIDE);
      assert.deepEqual([removed.status, removed.json.retention], [200, undefined], removed.text);
      assert.equal((await change(gateway, bucket, retention(gateway, 'Unlocked'))).status, 200);
      const locked = await change(gateway, bucket, retention(gateway, 'Locked'), OVERRIDE);
      assert.deepEqual(locked.json.retention, retention(gateway, 'Locked').retention, locked.text);
    },
  );

  apiTest({ method, fields }, `${verb} prolongs a locked retention, and nothing else`, async (gateway) => {
    const bucket = await makeBucket(gateway);
    await gateway.insert(bucket, { name: 'x', ...retention(gateway, 'Locked') });
    const longer = await change(gateway, bucket, retention(gateway, 'Locked', 2 * HOUR_MS));
    assert.deepEqual(longer.json.retention, retention(gateway, 'Locked', 2 * HOUR_MS).retention, longer.text);
    const before = (await gateway.get(bucket, 'x')).json;
    const unlocked = retention(gateway, 'Unlocked', 3 * HOUR_MS);
    for (const wanted of [retention(gateway, 'Locked'), unlocked, none, { ...none, metadata: { a: 'b' } }]) {
      for (const query of ['', OVERRIDE]) {
        const refused = await change(gateway, bucket, wanted, query);
        assertRefused(refused, 403, 'forbidden', /locked object retention cannot be removed/);
      }
    }
    assert.deepEqual((await gateway.get(bucket, 'x')).json, before);
    assert.equal((await remove(gateway, bucket, 'x')).status, 403);
    await gateway.clock.advance(2 * HOUR_MS);
    assertRefused(await change(gateway, bucket, none, OVERRIDE), 403, 'forbidden', /locked object retention/);
    assert.equal((await remove(gateway, bucket, 'x')).status, 204);
  });

  apiTest({ method, fields }, `${verb} refuses a retention that there cannot be`, async (gateway) => {
    const bucket = await makeBucket(gateway);
    await gateway.put(bucket, 'x');
    const { mode, retainUntilTime } = retention(gateway, 'Locked').retention;
    const refused: readonly [Resource, RegExp][] = [
      [{ retention: { mode } }, /Both mode and retain until time are required/],
      [{ retention: { mode: null, retainUntilTime } }, /Both mode and retain until time are required/],
      [retention(gateway, 'Unlocked', -1), /cannot be in the past/],
      [{ ...retention(gateway, 'Unlocked'), eventBasedHold: true }, /configured together/],
    ];
    for (const [body, message] of refused) assertRefused(await change(gateway, bucket, body), 400, 'invalid', message);
    const kept = await change(gateway, bucket, { ...retention(gateway, 'Unlocked'), temporaryHold: true });
    assert.equal(kept.status, 200, kept.text);
    const both = { ...retention(gateway, 'Unlocked'), eventBasedHold: true };
    assertRefused(await change(gateway, bucket, both), 400, 'invalid', /configured together/);
    const plain = await gateway.bucket();
    await gateway.put(plain, 'x');
    const answer = await change(gateway, plain, retention(gateway, 'Unlocked'));
    assertRefused(answer, 400, 'invalid', /Object retention is not enabled on the bucket/);
  });

  apiTest(
    { method, fields: ['eventBasedHold', 'temporaryHold'] },
    `${verb} releases an event-based hold, from which the retention policy counts`,
    async (gateway) => {
      const bucket = await gateway.bucket({ retentionPolicy: { retentionPeriod: '3600' } });
      const made = await gateway.put(bucket, 'x');
      assert.equal(made.retentionExpirationTime, after(gateway, HOUR_MS));
      const held = await change(gateway, bucket, { eventBasedHold: true, temporaryHold: true });
      assert.deepEqual([held.json.eventBasedHold, held.json.retentionExpirationTime], [true, undefined]);
      await gateway.clock.advance(2 * HOUR_MS);
      assertRefused(await remove(gateway, bucket, 'x'), 403, 'forbidden', /under active Temporary hold/);
      const released = await change(gateway, bucket, { eventBasedHold: false, temporaryHold: true });
      const expires = after(gateway, HOUR_MS);
      assert.equal(released.json.retentionExpirationTime, expires);
      await gateway.clock.advance(HOUR_MS / 2);
      const free = await change(gateway, bucket, { eventBasedHold: false, temporaryHold: false });
      assert.equal(free.json.retentionExpirationTime, expires);
      assertRefused(await remove(gateway, bucket, 'x'), 403, 'retentionPolicyNotMet', /until/);
      await gateway.clock.advance(HOUR_MS / 2);
      assert.equal((await remove(gateway, bucket, 'x')).status, 204);
    },
  );
}

apiTest(
  { method: 'objects.patch', fields: ['retention.mode', 'retention.retainUntilTime'] },
  'a patch that says nothing of the retention leaves it, one with nulls removes it',
  async (gateway) => {
    const bucket = await makeBucket(gateway);
    const own = retention(gateway, 'Unlocked');
    await gateway.insert(bucket, { name: 'x', ...own });
    const patch = async (body: Resource, query = '') =>
      (await gateway.call('PATCH', `${objectPath(bucket, 'x')}${query}`, { body })).json.retention;
    for (const body of [{ metadata: { a: 'b' } }, { retention: {} }])
      assert.deepEqual(await patch(body), own.retention);
    const nulls = { retention: { mode: null, retainUntilTime: null } };
    assert.equal(await patch(nulls, '?overrideUnlockedRetention=true'), undefined);
  },
);

apiTest(
  { method: 'buckets.patch', fields: ['retentionPolicy.retentionPeriod'] },
  'the later of policy and own retention is told wherever an object is',
  async (gateway) => {
    const bucket = await makeBucket(gateway);
    const first = await gateway.insert(bucket, { name: 'x', ...retention(gateway, 'Locked') }, 'x');
    assert.equal(first.json.retentionExpirationTime, after(gateway, HOUR_MS));
    const body = { retentionPolicy: { retentionPeriod: '7200' } };
    assert.equal((await gateway.call('PATCH', `/storage/v1/b/${bucket}`, { body })).status, 200);
    const later = after(gateway, 2 * HOUR_MS);
    const session = await gateway.startUpload(bucket, 'y');
    const finished = await gateway.chunk(session, 'bytes 0-0/1', 'y');
    const again = await gateway.chunk(session, 'bytes */1');
    const listed = (await gateway.list(bucket)).json.items;
    const told = [...listed, (await gateway.get(bucket, 'x')).json, finished.json, again.json];
    assert.equal(told.length, 5);
    for (const { retentionExpirationTime } of told) assert.equal(retentionExpirationTime, later);
    assert.equal((await gateway.put(await gateway.bucket(), 'x')).retentionExpirationTime, undefined);
  },
);
