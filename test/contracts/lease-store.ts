/** The contract of `src/stores/leases/port.ts` as a suite. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import { bucketId, scopeId } from '../../src/model/ids.ts';
import {
  LEASE_LIMITS,
  type LeaseChange,
  type LeaseEvent,
  type LeaseStore,
  type OwnershipGroup,
  type Session,
} from '../../src/stores/leases/port.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';

export interface LeaseContractSettings {
  readonly name: string;
  /** `eventsMax`: how many events are kept for watchers, where the adapter keeps them itself. */
  readonly open: (clock: ManualClock, eventsMax: number) => Promise<LeaseStore>;
}

interface Subject {
  open(context: TestContext, eventsMax?: number): Promise<{ readonly store: LeaseStore; readonly clock: ManualClock }>;
}

export function leaseStoreContract(settings: LeaseContractSettings): void {
  const subject: Subject = {
    async open(context, eventsMax = 1_000) {
      const clock = manualClock();
      const store = await settings.open(clock, eventsMax);
      context.after(() => store.close());
      return { store, clock };
    },
  };
  describe(`lease store: ${settings.name}`, () => {
    testSessions(subject);
    testGroups(subject);
    testScopes(subject);
    testWatch(subject);
  });
}

const isRefused = (error: unknown) => isStraitError(error, 'invalidArgument');

const held = (session: Session, change: { revision: bigint; epoch: bigint; group?: string }): LeaseChange => ({
  kind: 'group',
  group: change.group ?? 'g',
  revision: change.revision,
  epoch: change.epoch,
  owner: { site: session.site, sessionId: session.id },
  state: 'held',
});

const scope = (id: string, revision: bigint, state: 'open' | 'closed' = 'open'): LeaseChange => ({
  kind: 'scope',
  scopeId: scopeId(id),
  revision,
  range: { bucketId: bucketId('00000000000000b1'), start: '' },
  group: 'g',
  journal: id,
  state,
});

async function groupOf(store: LeaseStore, name = 'g'): Promise<OwnershipGroup> {
  const found = (await store.read()).groups.find(({ group }) => group === name);
  assert.ok(found);
  return found;
}

async function mustCommit(store: LeaseStore, ...changes: LeaseChange[]): Promise<bigint> {
  const outcome = await store.commit(changes);
  assert.equal(outcome.kind, 'committed');
  return outcome.revision;
}

function testSessions(subject: Subject): void {
  test('a session lives while it is renewed in time, and ends for good when it is not', async (context) => {
    const { store, clock } = await subject.open(context);
    const session = await store.beginSession('east', 1_000);
    for (let renewal = 0; renewal < 5; renewal += 1) {
      await clock.advance(900);
      assert.equal(await store.renewSession(session.id), true);
    }
    await clock.advance(1_001);
    assert.equal(await store.renewSession(session.id), false);
    assert.deepEqual((await store.read()).sessions, []);
    await clock.advance(10);
    assert.equal(await store.renewSession(session.id), false);
    assert.notEqual((await store.beginSession('east', 1_000)).id, session.id);
  });

  test('a site has one session: the next ends the one before, others stay', async (context) => {
    const { store } = await subject.open(context);
    const [first, other] = [await store.beginSession('east', 1_000), await store.beginSession('west', 1_000)];
    const second = await store.beginSession('east', 1_000);
    assert.equal(await store.renewSession(first.id), false);
    assert.equal(await store.renewSession(second.id), true);
    assert.equal(await store.renewSession(other.id), true);
    await store.endSession(second.id);
    await store.endSession(second.id);
    assert.deepEqual(
      (await store.read()).sessions.map(({ site }) => site),
      ['west'],
    );
  });

  test('times to live and names outside the limits are refused', async (context) => {
    const { store } = await subject.open(context);
    const { ttlMsMin, ttlMsMax, nameBytesMax } = LEASE_LIMITS;
    for (const ttlMs of [0, -1, Number.NaN, ttlMsMin - 1, ttlMsMax + 1]) {
      await assert.rejects(store.beginSession('east', ttlMs), isRefused);
    }
    for (const site of ['', 'x'.repeat(nameBytesMax + 1)])
      await assert.rejects(store.beginSession(site, 1_000), isRefused);
  });
}

function testGroups(subject: Subject): void {
  test('of many takeovers at one revision exactly one succeeds', async (context) => {
    const { store } = await subject.open(context);
    const sessions = await Promise.all(
      Array.from({ length: 20 }, (_, site) => store.beginSession(`site${site}`, 5_000)),
    );
    let revision = 0n;
    for (let epoch = 1n; epoch <= 20n; epoch += 1n) {
      const outcomes = await Promise.all(sessions.map((session) => store.commit([held(session, { revision, epoch })])));
      const won = outcomes.flatMap((outcome, index) => (outcome.kind === 'committed' ? [{ outcome, index }] : []));
      assert.equal(won.length, 1);
      const group = await groupOf(store);
      assert.deepEqual([group.revision, group.epoch], [won[0]?.outcome.revision, epoch]);
      assert.equal(group.owner?.sessionId, sessions[won[0]?.index ?? -1]?.id);
      ({ revision } = group);
    }
  });

  test('an epoch never goes down, not even after a release; another owner needs a higher one', async (context) => {
    const { store } = await subject.open(context);
    const [east, west] = [await store.beginSession('east', 5_000), await store.beginSession('west', 5_000)];
    let revision = await mustCommit(store, held(east, { revision: 0n, epoch: 7n }));
    await assert.rejects(store.commit([held(east, { revision, epoch: 6n })]), isRefused);
    await assert.rejects(store.commit([held(west, { revision, epoch: 7n })]), isRefused);
    revision = await mustCommit(store, { kind: 'group', group: 'g', revision, state: 'released', epoch: 7n });
    assert.equal((await groupOf(store)).owner, undefined);
    for (const epoch of [1n, 6n, 7n]) await assert.rejects(store.commit([held(east, { revision, epoch })]), isRefused);
    assert.equal((await groupOf(store)).epoch, 7n);
    revision = await mustCommit(store, held(west, { revision, epoch: 8n }));
    revision = await mustCommit(store, { ...held(west, { revision, epoch: 8n }), state: 'moving' } as LeaseChange);
    const again = await store.beginSession('west', 5_000);
    await assert.rejects(store.commit([held(again, { revision, epoch: 8n })]), isRefused);
    await mustCommit(store, held(again, { revision, epoch: 9n }));
    assert.equal((await groupOf(store)).epoch, 9n);
  });

  test("nobody becomes owner with a session that has ended, or with another site's", async (context) => {
    const { store, clock } = await subject.open(context);
    const east = await store.beginSession('east', 1_000);
    await clock.advance(1_001);
    const outcome = await store.commit([scope('000000000000000a', 0n), held(east, { revision: 0n, epoch: 1n })]);
    assert.deepEqual(outcome, { kind: 'sessionEnded', change: 1 });
    assert.deepEqual((await store.read()).groups, []);
    assert.deepEqual((await store.read()).scopes, []);
    const west = await store.beginSession('west', 1_000);
    const mixed: LeaseChange = {
      ...held(west, { revision: 0n, epoch: 1n }),
      owner: { site: 'east', sessionId: west.id },
    } as LeaseChange;
    await assert.rejects(store.commit([mixed]), isRefused);
  });

  test('a session that ends leaves its groups as they are: a takeover is a decision of its own', async (context) => {
    const { store, clock } = await subject.open(context);
    const [east, west] = [await store.beginSession('east', 1_000), await store.beginSession('west', 60_000)];
    await mustCommit(store, held(east, { revision: 0n, epoch: 1n }));
    await clock.advance(2_000);
    const group = await groupOf(store);
    assert.deepEqual([group.state, group.owner?.sessionId, group.epoch], ['held', east.id, 1n]);
    await mustCommit(store, held(west, { revision: group.revision, epoch: 2n }));
  });
}

function testScopes(subject: Subject): void {
  test('a split is one change: parent closed, children opened, or nothing', async (context) => {
    const { store } = await subject.open(context);
    const revision = await mustCommit(store, scope('000000000000000a', 0n));
    const split = (parentRevision: bigint) => [
      scope('000000000000000b', 0n),
      scope('000000000000000c', 0n),
      scope('000000000000000a', parentRevision, 'closed'),
    ];
    assert.deepEqual(await store.commit(split(revision + 1n)), { kind: 'conflict', change: 2 });
    assert.equal((await store.read()).scopes.length, 1);
    const done = await mustCommit(store, ...split(revision));
    const { scopes } = await store.read();
    assert.deepEqual(scopes.map(({ state }) => state).toSorted(), ['closed', 'open', 'open']);
    assert.ok(scopes.every((entry) => entry.revision === done));
    await assert.rejects(store.commit([scope('000000000000000a', done)]), isRefused);
    assert.deepEqual(await store.commit([scope('000000000000000a', 0n)]), { kind: 'conflict', change: 0 });
  });

  test('too many changes, none, and two of one record are refused', async (context) => {
    const { store } = await subject.open(context);
    const many = Array.from({ length: LEASE_LIMITS.changesPerCommitMax + 1 }, (_, index) =>
      scope(index.toString(16).padStart(16, '0'), 0n),
    );
    await assert.rejects(store.commit(many), isRefused);
    await assert.rejects(store.commit([]), isRefused);
    await assert.rejects(store.commit([scope('000000000000000a', 0n), scope('000000000000000a', 0n)]), isRefused);
    await mustCommit(store, ...many.slice(1));
  });
}

async function takeEvents(store: LeaseStore, after: bigint, count: number): Promise<LeaseEvent[]> {
  const events: LeaseEvent[] = [];
  for await (const event of store.watch(after, AbortSignal.timeout(10_000))) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

function testWatch(subject: Subject): void {
  test('a watch gives every event after a revision, in order, those to come included', async (context) => {
    const { store, clock } = await subject.open(context);
    const { revision: start } = await store.read();
    const east = await store.beginSession('east', 1_000);
    const watching = [start, east.revision].map((after) => takeEvents(store, after, after === start ? 54 : 53));
    await mustCommit(store, held(east, { revision: 0n, epoch: 1n }), scope('000000000000000a', 0n));
    let revision = (await groupOf(store)).revision;
    for (let epoch = 2n; epoch <= 51n; epoch += 1n) revision = await mustCommit(store, held(east, { revision, epoch }));
    await clock.advance(1_500);
    const [all = [], later = []] = await Promise.all(watching);
    assert.deepEqual(all.slice(1), later);
    assert.deepEqual(
      all.map(({ kind }) => kind),
      ['session', 'group', 'scope', ...Array(50).fill('group'), 'session'],
    );
    const epochs = all.flatMap((event) => (event.kind === 'group' ? [event.group.epoch] : []));
    assert.deepEqual(
      epochs,
      Array.from({ length: 51 }, (_, index) => BigInt(index + 1)),
    );
    const last = all.at(-1);
    assert.ok(last?.kind === 'session' && !last.isAlive && last.session.id === east.id);
    for (const [index, event] of all.entries()) assert.ok(event.revision >= (all[index - 1]?.revision ?? 0n));
  });

  test('a watcher too far behind is told so, never silently given less', async (context) => {
    const { store } = await subject.open(context, 10);
    const east = await store.beginSession('east', 60_000);
    let revision = await mustCommit(store, held(east, { revision: 0n, epoch: 1n }));
    for (let epoch = 2n; epoch <= 30n; epoch += 1n) revision = await mustCommit(store, held(east, { revision, epoch }));
    const [first] = await takeEvents(store, 0n, 1);
    assert.deepEqual(first, { kind: 'compacted', revision });
    const watching = takeEvents(store, 0n, 2);
    await mustCommit(store, held(east, { revision, epoch: 31n }));
    const [told, next] = await watching;
    assert.equal(told?.kind, 'compacted');
    assert.ok(next?.kind === 'group' && next.group.epoch === 31n);
    const recent = await takeEvents(store, revision - 3n, 4);
    assert.deepEqual(
      recent.map((event) => event.revision),
      [revision - 2n, revision - 1n, revision, revision + 1n],
    );
  });

  test('a watch ends without an error when its signal aborts; a closed store refuses', async (context) => {
    const { store } = await subject.open(context);
    const aborting = new AbortController();
    const watching = (async () => {
      for await (const event of store.watch(0n, aborting.signal)) assert.fail(`event ${event.revision}`);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    aborting.abort();
    await watching;
    const isClosed = (error: unknown) => isStraitError(error, 'unavailable');
    const waiting = assert.rejects(takeEvents(store, 0n, 1), isClosed);
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    await waiting;
    await assert.rejects(store.read(), isClosed);
    await assert.rejects(store.beginSession('east', 1_000), isClosed);
  });
}
