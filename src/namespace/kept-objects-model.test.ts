/**
 * Random histories of a bucket with holds and retention. The model is one sentence: what was held, or not over yet,
 * before a call is there after it. It knows nothing of how the namespace judges.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NamespaceFixture, namespaceFixture, streamOf } from '../../test/support/namespace-fixture.ts';
import type { ObjectAttributes, ObjectState } from '../model/object.ts';
import { advanceOperationsOnce } from './advance-operations.ts';
import { expireSoftDeletedOnce } from './expire-soft-deleted.ts';
import { OPERATION_WORKERS } from './operation-workers.ts';
import { reapOnce } from './reap.ts';

const BUCKET = 'kept';
const SIGNAL = new AbortController().signal;
const PERIOD_MS = 60_000;

interface Version {
  readonly name: string;
  readonly state: ObjectState;
}

interface History extends NamespaceFixture {
  /** Since when the policy counts for a version: its creation, or the last release of its event-based hold. */
  readonly sinceMs: Map<string, number>;
  hasPolicy: boolean;
}

/** A call, given a number to choose a version by. */
type Step = (history: History, nth: number) => Promise<unknown>;

const keyOf = ({ name, state }: Version) => `${name}#${state.generation}`;

async function versionsOf(
  { namespace }: History,
  versions: 'all' | 'softDeleted' = 'all',
): Promise<readonly Version[]> {
  return (await namespace.listObjects({ bucket: BUCKET, maxResults: 1_000, versions })).items;
}

const isHeld = ({ state }: Version) => state.temporaryHold === true || state.eventBasedHold === true;

function isRetained(history: History, version: Version): boolean {
  const nowMs = history.deps.clock.nowMs();
  if ((version.state.retention?.retainUntilMs ?? 0) > nowMs) return true;
  return history.hasPolicy && (history.sinceMs.get(keyOf(version)) ?? 0) + PERIOD_MS > nowMs;
}

const names = fc.constantFrom('a', 'b', 'c');

/** Attributes as of this moment: a retention is a time from now, some of them over. */
const attributes = fc
  .record({
    mode: fc.constantFrom('Locked', 'Unlocked', undefined, undefined),
    afterMs: fc.constantFrom(-1, 1_000, 30_000, 90_000),
    temporaryHold: fc.constantFrom(true, false, undefined, undefined),
    eventBasedHold: fc.constantFrom(true, false, undefined, undefined),
  })
  .map(({ mode, afterMs, temporaryHold, eventBasedHold }) => ({ deps }: History): ObjectAttributes => {
    const retainUntilMs = deps.clock.nowMs() + afterMs;
    return {
      ...(mode === undefined ? {} : { retention: { mode: mode as 'Locked' | 'Unlocked', retainUntilMs } }),
      ...(temporaryHold === undefined ? {} : { temporaryHold }),
      ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
    };
  });

/** Some version, by its generation or as the live one. */
async function some(history: History, nth: number, versions?: 'softDeleted') {
  const all = await versionsOf(history, versions);
  const version = all[nth % Math.max(all.length, 1)];
  if (version === undefined) return undefined;
  const { name, state } = version;
  return { bucket: BUCKET, name, generation: state.generation };
}

const insert = fc.tuple(names, attributes).map(
  ([name, of]): Step =>
    ({ namespace, ...rest }) => {
      const target = { bucket: BUCKET, name, attributes: of({ namespace, ...rest }), preconditions: {}, expected: {} };
      return namespace.insertObject({ target, body: streamOf(name) });
    },
);

const remove = fc.boolean().map(
  (isByGeneration): Step =>
    async (history, nth) => {
      const address = await some(history, nth);
      if (address === undefined) return;
      const { generation, ...live } = address;
      await history.namespace.deleteObject({
        address: isByGeneration ? { ...live, generation } : live,
        preconditions: {},
      });
    },
);

const patch = fc.tuple(attributes, fc.boolean()).map(
  ([of, overridesUnlockedRetention]): Step =>
    async (history, nth) => {
      const address = await some(history, nth);
      if (address === undefined) return;
      const change = () => of(history);
      await history.namespace.changeObject({ address, preconditions: {}, change, overridesUnlockedRetention });
    },
);

const transfer = fc.tuple(fc.constantFrom('copy', 'rewrite', 'move', 'compose'), names).map(
  ([kind, name]): Step =>
    async (history, nth) => {
      const source = await some(history, nth);
      if (source === undefined) return;
      const { namespace } = history;
      const destination = { bucket: BUCKET, name };
      const input = { source, sourcePreconditions: {}, destination, preconditions: {} };
      if (kind === 'copy') await namespace.copyObject(input);
      else if (kind === 'rewrite') await namespace.rewriteObject(input);
      else if (kind === 'move') await namespace.moveObject({ ...input, source: { bucket: BUCKET, name: source.name } });
      else {
        const { generation } = source;
        const sources = [{ name: source.name, generation }];
        await namespace.composeObject({ destination, attributes: {}, preconditions: {}, sources, deleteSources: true });
      }
    },
);

const restore = fc.boolean().map(
  (isBulk): Step =>
    async (history, nth) => {
      const { namespace, deps } = history;
      if (isBulk) {
        const request = { allowOverwrite: true, copySourceAcl: false };
        await namespace.bulkRestoreObjects({ bucket: BUCKET, request });
        await advanceOperationsOnce(deps, OPERATION_WORKERS, SIGNAL);
        return;
      }
      const address = await some(history, nth, 'softDeleted');
      if (address !== undefined) await namespace.restoreObject({ address, preconditions: {}, copySourceAcl: false });
    },
);

const configure = fc
  .record({ versioning: fc.boolean(), isSoft: fc.boolean(), hasPolicy: fc.boolean(), isHeld: fc.boolean() })
  .map(
    ({ versioning, isSoft, hasPolicy, isHeld: defaultEventBasedHold }): Step =>
      async (history) => {
        const settings = {
          versioning: { enabled: versioning },
          softDeletePolicy: { retentionDurationSeconds: isSoft ? '604800' : '0' },
          defaultEventBasedHold,
          ...(hasPolicy ? { retentionPolicy: { retentionPeriod: String(PERIOD_MS / 1_000) } } : {}),
        };
        const change = ({ storageClass }: { readonly storageClass: string }) => ({ storageClass, settings });
        await history.namespace.changeBucket({ name: BUCKET, preconditions: {}, change });
        history.hasPolicy = hasPolicy;
      },
  );

const cleanUp = fc.constant<Step>(async ({ deps }) => {
  await expireSoftDeletedOnce(deps, SIGNAL);
  await reapOnce(deps, SIGNAL);
});

const passTime = fc.constantFrom(1, 5_000, 29_999, 60_000).map(
  (ms): Step =>
    async ({ pass }) =>
      pass(ms),
);

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      ...[insert, insert, remove, patch, patch, transfer, transfer, restore, configure, cleanUp].map((arbitrary) => ({
        arbitrary,
        weight: 2,
      })),
      { arbitrary: passTime, weight: 4 },
    ),
    fc.nat(20),
  ),
  { minLength: 10, maxLength: 60 },
);

/** What must be so of every version after a call, however it ended. */
function assertKept(history: History, before: readonly Version[], after: readonly Version[], kept: Set<string>): void {
  const now = new Map(after.map((version) => [keyOf(version), version]));
  for (const version of before) {
    const key = keyOf(version);
    const found = now.get(key);
    if (kept.has(key)) assert.ok(found !== undefined, `${key} was kept, and is gone`);
    if (isHeld(version)) assert.equal(found?.state.timeDeletedMs, version.state.timeDeletedMs, `${key} was held`);
    const was = version.state.retention;
    if (found === undefined || was?.mode !== 'Locked') continue;
    assert.equal(found.state.retention?.mode, 'Locked', key);
    assert.ok((found.state.retention?.retainUntilMs ?? 0) >= was.retainUntilMs, `${key} was locked for longer`);
  }
  const nowMs = history.deps.clock.nowMs();
  const held = new Set(before.filter(({ state }) => state.eventBasedHold === true).map(keyOf));
  for (const version of after) {
    const key = keyOf(version);
    const isReleased = held.has(key) && version.state.eventBasedHold !== true;
    if (isReleased || !history.sinceMs.has(key)) history.sinceMs.set(key, nowMs);
    assert.ok(version.state.retention === undefined || version.state.eventBasedHold !== true, `${key} has both`);
  }
}

test('whatever is called in whatever order, what is kept stays and what is locked stays locked', async () => {
  const counts = { kept: 0, refused: 0, gone: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (calls) => {
      const fixture = namespaceFixture();
      const history: History = { ...fixture, sinceMs: new Map(), hasPolicy: false };
      const made = { name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} };
      await fixture.namespace.insertBucket({ ...made, hasObjectRetention: true });
      for (const [call, nth] of calls) {
        const before = await versionsOf(history);
        const kept = new Set(before.filter((one) => isHeld(one) || isRetained(history, one)).map(keyOf));
        const startMs = fixture.deps.clock.nowMs();
        const error = await call(history, nth).then(
          () => undefined,
          (thrown: { readonly code?: string }) => thrown,
        );
        const after = await versionsOf(history);
        if (error !== undefined) {
          counts.refused += 1;
          assert.ok(
            ['permissionDenied', 'invalidArgument', 'objectNotFound'].includes(error.code ?? ''),
            String(error),
          );
          assert.deepEqual(after, before, 'a refusal changes nothing');
        }
        // Time that passes is no call.
        assertKept(history, before, after, fixture.deps.clock.nowMs() === startMs ? kept : new Set());
        counts.kept += kept.size;
        const left = new Set(after.map(keyOf));
        counts.gone += before.filter((version) => !left.has(keyOf(version))).length;
      }
    }),
    { numRuns: 300, seed: 7 },
  );
  assert.ok(Math.min(counts.kept, counts.refused, counts.gone) > 100, JSON.stringify(counts));
});
