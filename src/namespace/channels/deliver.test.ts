import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LAKE, lakeFixture } from '../../../test/support/lake-fixture.ts';
import type { HookAnswer, HookMessage, WebHooks } from '../../remotes/port.ts';
import { seededRandom } from '../../runtime/random.ts';
import type { EventRenderer } from '../notifications/render-message.ts';
import { stopChannel, watchObjects } from './channels.ts';
import { channelDelivery } from './deliver.ts';

type Fate = 'before' | 'after' | 'refused' | 'taken';

/** An application that keeps what it is told, and fails when asked to, before or after it has kept it. */
class FakeApplication implements WebHooks {
  readonly told: HookMessage[] = [];
  fate: (message: HookMessage) => Fate = () => 'taken';

  async call(_address: URL, message: HookMessage): Promise<HookAnswer> {
    const fate = this.fate(message);
    if (fate === 'before') throw new Error('nobody there');
    this.told.push(message);
    if (fate === 'after') throw new Error('the answer was lost');
    return fate === 'refused' ? { kind: 'refused', status: 400 } : { kind: 'taken' };
  }

  async close(): Promise<void> {}

  /** The state and body of each message. */
  get changes(): readonly string[] {
    return this.told.map(({ headers, body }) => `${headers['X-Goog-Resource-State']} ${Buffer.from(body)}`.trim());
  }

  get numbers(): readonly number[] {
    return this.told.map(({ headers }) => Number(headers['X-Goog-Message-Number']));
  }
}

async function settle(turns = 100): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const SETTINGS = { id: 'c1', address: 'https://app.example/hook', params: {} };

async function fixture(t: TestContext) {
  const lake = await lakeFixture();
  const application = new FakeApplication();
  const renderer: EventRenderer = {
    payload: ({ name, state, retentionExpirationMs }) =>
      `${name} of ${state.size}${retentionExpirationMs === undefined ? '' : ', kept'}`,
    generation: (generation) => generation.toString(),
  };
  let running: { stop: AbortController; done: Promise<void> } | undefined;
  const stop = async () => {
    running?.stop.abort();
    await running?.done;
  };
  t.after(stop);
  return {
    ...lake,
    application,
    settle,
    watch: (more: object = {}) =>
      watchObjects(lake.deps, { bucket: LAKE, settings: { ...SETTINGS, ...more }, resourceUri: 'listing' }),
    start() {
      const control = new AbortController();
      const delivery = channelDelivery({ ...lake.deps, hooks: application, renderer });
      running = { stop: control, done: delivery.run(control.signal) };
    },
    stop,
    async until(what: () => boolean) {
      for (let turn = 0; !what(); turn += 1) {
        assert.ok(turn < 5_000, `still not: ${what} (${application.changes.join(', ')})`);
        await settle(1);
      }
    },
  };
}

test('says that the channel is there, then what happens, with headers that say whose message it is', async (t) => {
  const { deps, watch, put, remove, application, start, stop, until } = await fixture(t);
  await put('before', 'not told');
  const expirationMs = deps.clock.nowMs() + 86_400_000;
  const channel = await watch({ token: 'mine', expirationMs });
  start();
  await put('a', 'hello');
  await put('a', 'hi');
  await remove('a');
  await until(() => application.told.length >= 4);
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists a of 5', 'exists a of 2', 'not_exists a of 2']);
  const [first, second] = application.told;
  assert.deepEqual(first?.headers, {
    'X-Goog-Channel-ID': 'c1',
    'X-Goog-Channel-Token': 'mine',
    'X-Goog-Channel-Expiration': new Date(expirationMs).toUTCString(),
    'X-Goog-Resource-ID': channel.resourceId,
    'X-Goog-Resource-URI': 'listing',
    'X-Goog-Resource-State': 'sync',
    'X-Goog-Message-Number': '1',
  });
  assert.equal(second?.headers['Content-Type'], 'application/json; charset=utf-8');
  assert.deepEqual(
    application.numbers,
    application.numbers.toSorted((left, right) => left - right),
  );
  assert.equal(new Set(application.numbers).size, 4);
});

test('an object is told with the end of its retention', async (t) => {
  const { namespace, watch, put, application, start, stop, until } = await fixture(t);
  const retentionPolicy = { retentionPeriod: '60' };
  await namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: (bucket) => ({ ...bucket, settings: { ...bucket.settings, retentionPolicy } }),
  });
  await watch();
  start();
  await put('a', 'hello');
  await until(() => application.told.length >= 2);
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists a of 5, kept']);
});

test('a channel without payload tells states alone', async (t) => {
  const { watch, put, application, start, stop, until } = await fixture(t);
  await watch({ payload: false });
  start();
  await put('a', 'hello');
  await until(() => application.told.length >= 2);
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists']);
  assert.equal(application.told[1]?.headers['Content-Type'], undefined);
});

test('versions that are not live come and go untold', async (t) => {
  const { namespace, watch, put, remove, application, start, stop, until } = await fixture(t);
  await namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: (bucket) => ({ ...bucket, settings: { ...bucket.settings, versioning: { enabled: true } } }),
  });
  await watch();
  start();
  const old = await put('a', 'one');
  await remove('a');
  const { generation } = old.state;
  await namespace.deleteObject({ address: { bucket: LAKE, name: 'a', generation }, preconditions: {} });
  await put('b', 'x');
  await until(() => application.changes.includes('exists b of 1'));
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists a of 3', 'not_exists a of 3', 'exists b of 1']);
});

test('nothing is lost and each object goes in order, though calls fail and the process ends at any time', async (t) => {
  const { watch, put, application, start, stop, until } = await fixture(t);
  const random = seededRandom(7);
  await watch();
  application.fate = () => (random.unit() < 0.3 ? 'before' : random.unit() < 0.3 ? 'after' : 'taken');
  const wanted = new Map<string, string[]>();
  for (let round = 0; round < 20; round += 1) {
    start();
    for (let count = 0; count < 10; count += 1) {
      const name = `n${count % 3}`;
      const body = 'x'.repeat(1 + wanted.size + (wanted.get(name)?.length ?? 0));
      await put(name, body);
      wanted.set(name, [...(wanted.get(name) ?? []), `exists ${name} of ${body.length}`]);
      await settle(Math.floor(random.unit() * 4));
    }
    await stop();
  }
  application.fate = () => 'taken';
  start();
  const all = [...wanted.values()].flat();
  await until(() => all.every((change) => application.changes.includes(change)));
  await stop();
  for (const [name, changes] of wanted) {
    const told = [...new Set(application.changes.filter((change) => change.startsWith(`exists ${name} `)))];
    assert.deepEqual(told, changes, 'the first time each was told, they came in order');
  }
  assert.equal(application.changes[0], 'sync');
});

test('a message that is refused is not told again, and one that fails holds up no writer', async (t) => {
  const { watch, put, application, start, stop, until } = await fixture(t);
  await watch();
  application.fate = ({ body }) => (Buffer.from(body).toString().startsWith('bad') ? 'refused' : 'taken');
  start();
  await put('bad', 'x');
  await put('good', 'x');
  await until(() => application.changes.includes('exists good of 1'));
  application.fate = () => 'before';
  for (const name of ['a', 'b', 'c']) await put(name, 'x');
  application.fate = () => 'taken';
  await until(() => ['a', 'b', 'c'].every((name) => application.changes.includes(`exists ${name} of 1`)));
  await stop();
  assert.equal(application.changes.filter((change) => change === 'exists bad of 1').length, 1);
});

test('a channel ends when its time is over, and may then be made anew', async (t) => {
  const { deps, watch, put, application, pass, start, stop, settle, until } = await fixture(t);
  await watch({ expirationMs: deps.clock.nowMs() + 5_000 });
  start();
  await put('a', 'x');
  await until(() => application.told.length >= 2);
  application.fate = () => 'before';
  await put('b', 'x');
  await settle();
  pass(5_000);
  application.fate = () => 'taken';
  await settle();
  assert.deepEqual(application.changes, ['sync', 'exists a of 1']);
  await watch();
  await put('c', 'x');
  await until(() => application.changes.includes('exists c of 1'));
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists a of 1', 'sync', 'exists c of 1']);
});

test('a stopped channel is told nothing more; only its id and resource together stop it', async (t) => {
  const { deps, watch, put, application, start, stop, settle, until } = await fixture(t);
  const { id, resourceId } = await watch();
  await assert.rejects(watch(), { code: 'invalidArgument', details: { field: 'id', reason: 'channelIdNotUnique' } });
  start();
  await until(() => application.told.length >= 1);
  await assert.rejects(stopChannel(deps, { id: 'other', resourceId }), { code: 'notFound' });
  await assert.rejects(stopChannel(deps, { id, resourceId: 'AAAAAAAAAAA' }), { code: 'notFound' });
  await assert.rejects(stopChannel(deps, { id, resourceId: '' }), { code: 'notFound' });
  await stopChannel(deps, { id, resourceId });
  await settle();
  await put('a', 'x');
  await settle();
  await stop();
  assert.deepEqual(application.changes, ['sync']);
  await assert.rejects(stopChannel(deps, { id, resourceId }), { code: 'notFound' });
});

test('what happened before the bucket was deleted is told after it, then the channel is gone', async (t) => {
  const { deps, namespace, watch, put, remove, application, start, stop, settle, until } = await fixture(t);
  const { id, resourceId } = await watch();
  await put('a', 'x');
  await remove('a');
  await namespace.deleteBucket({ name: LAKE, preconditions: {} });
  start();
  await until(() => application.told.length >= 3);
  await settle();
  await stop();
  assert.deepEqual(application.changes, ['sync', 'exists a of 1', 'not_exists a of 1']);
  await assert.rejects(stopChannel(deps, { id, resourceId }), { code: 'notFound' });
});

test('a bucket has a hundred channels at most, however many ask at once', async (t) => {
  const { deps, watch } = await fixture(t);
  const settled = await Promise.allSettled(Array.from({ length: 110 }, (_, index) => watch({ id: `c${index}` })));
  assert.equal(settled.filter(({ status }) => status === 'rejected').length, 10);
  const first = settled.find((one) => one.status === 'fulfilled');
  assert.ok(first !== undefined);
  await stopChannel(deps, first.value);
  await watch({ id: 'again' });
});
