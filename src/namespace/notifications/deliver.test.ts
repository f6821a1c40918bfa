import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture } from '../../../test/support/lake-fixture.ts';
import type { Publisher, TopicMessage } from '../../remotes/port.ts';
import { seededRandom } from '../../runtime/random.ts';
import { deleteNotification, getNotification, insertNotification, listNotifications } from './configs.ts';
import { notificationDelivery } from './deliver.ts';
import type { EventRenderer } from './render-message.ts';

const TOPIC = '//pubsub.googleapis.com/projects/p/topics/changes';
const settings = { topic: TOPIC, eventTypes: [], payloadFormat: 'JSON_API_V1', customAttributes: {} } as const;

/** A topic that keeps what it is told, and fails when asked to, before or after it has kept it. */
class FakeTopic implements Publisher {
  readonly told: TopicMessage[] = [];
  #fail: (() => 'before' | 'after' | 'never') | undefined;

  failing(fail: () => 'before' | 'after' | 'never'): void {
    this.#fail = fail;
  }

  async publish(_topic: string, messages: readonly TopicMessage[]): Promise<void> {
    const fate = this.#fail?.() ?? 'never';
    if (fate === 'before') throw new Error('no topic today');
    this.told.push(...messages);
    if (fate === 'after') throw new Error('the answer was lost');
  }

  async close(): Promise<void> {}

  get events(): readonly string[] {
    return this.told.map(({ attributes }) => `${attributes['eventType']} ${attributes['objectId']}`);
  }
}

async function fixture() {
  const lake = await lakeFixture();
  const topic = new FakeTopic();
  const renderer: EventRenderer = {
    payload: ({ name, state, retentionExpirationMs: untilMs }) =>
      `${name} of ${state.size}${untilMs === undefined ? '' : `, kept until ${untilMs}`}`,
    generation: (generation) => generation.toString(),
  };
  let running: { stop: AbortController; done: Promise<void> } | undefined;
  return {
    ...lake,
    topic,
    start() {
      const stop = new AbortController();
      const delivery = notificationDelivery({ ...lake.deps, publisher: topic, renderer });
      running = { stop, done: delivery.run(stop.signal) };
    },
    async stop() {
      running?.stop.abort();
      await running?.done;
    },
    async until(what: () => boolean) {
      for (let turn = 0; !what(); turn += 1) {
        assert.ok(turn < 5_000, `still not: ${what} (${topic.events.join(', ')})`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('a configuration is made, shown, listed and deleted; ids are never used again', async () => {
  const { deps } = await fixture();
  const make = () => insertNotification(deps, { bucket: LAKE, settings });
  const [first, second] = [await make(), await make()];
  assert.deepEqual([first.id, second.id, first.topic], [1, 2, 'projects/p/topics/changes']);
  assert.deepEqual(await getNotification(deps, { bucket: LAKE, id: '2' }), second);
  await deleteNotification(deps, { bucket: LAKE, id: '2' });
  await assert.rejects(getNotification(deps, { bucket: LAKE, id: '2' }), { code: 'notFound' });
  await assert.rejects(deleteNotification(deps, { bucket: LAKE, id: 'x' }), { code: 'notFound' });
  assert.equal((await make()).id, 3);
  assert.deepEqual(
    (await listNotifications(deps, { bucket: LAKE })).map(({ id }) => id),
    [1, 3],
  );
});

test('a bucket has a hundred configurations at most, however many ask at once', async () => {
  const { deps } = await fixture();
  const makings = Array.from({ length: 110 }, () => insertNotification(deps, { bucket: LAKE, settings }));
  const settled = await Promise.allSettled(makings);
  assert.equal(settled.filter(({ status }) => status === 'rejected').length, 10);
  assert.equal((await listNotifications(deps, { bucket: LAKE })).length, 100);
});

test('what happens is told in order, with its attributes and payload', async () => {
  const { deps, put, remove, topic, start, stop, until } = await fixture();
  await put('before', 'not told');
  const customAttributes = { team: 'lake' };
  await insertNotification(deps, { bucket: LAKE, settings: { ...settings, customAttributes } });
  start();
  await put('a', 'hello');
  await put('b', 'x');
  await remove('a');
  await until(() => topic.told.length >= 3);
  await stop();
  assert.deepEqual(topic.events, ['OBJECT_FINALIZE a', 'OBJECT_FINALIZE b', 'OBJECT_DELETE a']);
  const [first] = topic.told;
  assert.equal(Buffer.from(first?.data ?? []).toString(), 'a of 5');
  const { objectGeneration, eventTime, ...attributes } = first?.attributes ?? {};
  assert.deepEqual(attributes, {
    team: 'lake',
    notificationConfig: `projects/_/buckets/${LAKE}/notificationConfigs/1`,
    eventType: 'OBJECT_FINALIZE',
    payloadFormat: 'JSON_API_V1',
    bucketId: LAKE,
    objectId: 'a',
  });
  assert.match(objectGeneration ?? '', /^\d+$/);
  assert.match(eventTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('a payload says when retention ends, by the policy of when it happened', async () => {
  const { deps, namespace, put, topic, start, stop, until, pass } = await fixture();
  const configure = (retentionPeriod: string) =>
    namespace.changeBucket({
      name: LAKE,
      preconditions: {},
      change: ({ storageClass }) => ({
        storageClass,
        settings: { versioning: { enabled: true }, retentionPolicy: { retentionPeriod } },
      }),
    });
  await insertNotification(deps, { bucket: LAKE, settings });
  const startMs = deps.clock.nowMs();
  await configure('60');
  await put('a', 'x');
  await configure('90');
  pass(1_000);
  await put('a', 'xy');
  start();
  await until(() => topic.told.length >= 3);
  await stop();
  const payloads = topic.told.map(({ data }) => Buffer.from(data).toString());
  const [first, then] = [startMs + 90_000, startMs + 91_000];
  assert.deepEqual(topic.events, ['OBJECT_FINALIZE a', 'OBJECT_ARCHIVE a', 'OBJECT_FINALIZE a']);
  const expected = [
    `a of 1, kept until ${startMs + 60_000}`,
    `a of 1, kept until ${first}`,
    `a of 2, kept until ${then}`,
  ];
  assert.deepEqual(payloads, expected);
});

test('only what a configuration asks for is told, and payloads only where wanted', async () => {
  const { deps, put, remove, topic, start, stop, until } = await fixture();
  await insertNotification(deps, {
    bucket: LAKE,
    settings: { ...settings, eventTypes: ['OBJECT_DELETE'], objectNamePrefix: 'in/', payloadFormat: 'NONE' },
  });
  start();
  for (const name of ['in/a', 'out/a']) {
    await put(name, 'x');
    await remove(name);
  }
  await put('in/b', 'x');
  await remove('in/b');
  await until(() => topic.told.length >= 2);
  await stop();
  assert.deepEqual(topic.events, ['OBJECT_DELETE in/a', 'OBJECT_DELETE in/b']);
  assert.equal(topic.told[0]?.data.length, 0);
});

test('nothing is lost and order holds, though the topic fails and the process ends at any time', async () => {
  const { deps, put, topic, start, stop, until } = await fixture();
  const random = seededRandom(7);
  await insertNotification(deps, { bucket: LAKE, settings });
  topic.failing(() => (random.unit() < 0.3 ? 'before' : random.unit() < 0.3 ? 'after' : 'never'));
  const wanted: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    start();
    for (let count = 0; count < 10; count += 1) {
      const name = `n${round * 10 + count}`;
      await put(name, 'x');
      wanted.push(`OBJECT_FINALIZE ${name}`);
    }
    await stop();
  }
  topic.failing(() => 'never');
  start();
  await until(() => new Set(topic.events).size >= wanted.length);
  await stop();
  // Told again is allowed, skipped is not: the first time each was told, they came in order.
  assert.deepEqual([...new Set(topic.events)], wanted);
});

test('one failing topic holds up its own configuration only, and a deleted one is told nothing more', async () => {
  const { deps, put, topic, start, stop, until } = await fixture();
  const lost = await insertNotification(deps, { bucket: LAKE, settings: { ...settings, objectNamePrefix: 'never' } });
  await insertNotification(deps, { bucket: LAKE, settings });
  start();
  await put('a', 'x');
  await until(() => topic.told.length >= 1);
  await deleteNotification(deps, { bucket: LAKE, id: String(lost.id) });
  await deleteNotification(deps, { bucket: LAKE, id: '2' });
  await put('b', 'x');
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await put('c', 'x');
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await stop();
  assert.ok(!topic.events.includes('OBJECT_FINALIZE c'), topic.events.join(', '));
});

test('what is overwritten is told with what took its place, and what versioning keeps is archived', async () => {
  const { deps, namespace, put, remove, topic, start, stop, until } = await fixture();
  await insertNotification(deps, { bucket: LAKE, settings });
  start();
  const [first, second] = [await put('a', 'one'), await put('a', 'three')];
  await namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: (bucket) => ({ ...bucket, settings: { ...bucket.settings, versioning: { enabled: true } } }),
  });
  await put('a', 'x');
  await remove('a');
  await until(() => topic.told.length >= 6);
  await stop();
  assert.deepEqual(
    topic.events.map((event) => event.replace(' a', '')),
    ['OBJECT_FINALIZE', 'OBJECT_DELETE', 'OBJECT_FINALIZE', 'OBJECT_ARCHIVE', 'OBJECT_FINALIZE', 'OBJECT_ARCHIVE'],
  );
  const [, deleted, overwriting] = topic.told;
  assert.equal(deleted?.attributes['objectGeneration'], first.state.generation.toString());
  assert.equal(deleted?.attributes['overwrittenByGeneration'], second.state.generation.toString());
  assert.equal(Buffer.from(deleted?.data ?? []).toString(), 'a of 3');
  assert.equal(overwriting?.attributes['overwroteGeneration'], first.state.generation.toString());
});
