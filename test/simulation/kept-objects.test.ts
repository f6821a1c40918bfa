/**
 * Lifecycle rules, retention, holds, soft delete and versioning against a model of what Google's pages say
 * (test/support/gcs-model.ts). Random histories of requests run over HTTP on a bucket whose clock and background work
 * move at random: every answer has the model's status, and what the bucket shows is what the model shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../src/runtime/clock.ts';
import { anyRule, STORAGE_CLASSES } from '../support/any-lifecycle-rule.ts';
import { figureFor } from '../support/full-figures.ts';
import { Gcs } from '../support/gcs.ts';
import {
  GcsModel,
  type ModelVersion,
  type NewVersion,
  type Patch,
  type Refusal,
  type Retention,
} from '../support/gcs-model.ts';
import type { Answer, GcsJson } from '../support/http-call.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';
import { recordFigure } from '../support/record-figure.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2024, 1, 28, 12);
/** Operations of one history, and histories. */
const LENGTH = 150;
const HISTORIES = figureFor({ quick: 70, full: 900 });

/** One bucket, and the model of it. */
class Pair {
  readonly model: GcsModel;
  readonly gcs = new Gcs();
  readonly bucket: string;
  readonly #gateway: MemoryGateway;
  /** What was done, for the message of a failure. */
  readonly log: string[] = [];
  metageneration = '1';

  constructor(parts: { model: GcsModel; gateway: MemoryGateway; bucket: string }) {
    this.model = parts.model;
    this.#gateway = parts.gateway;
    this.bucket = parts.bucket;
    this.gcs.connect(parts.gateway.url);
  }

  async call(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.gcs.call(method, `/storage/v1/b/${this.bucket}${path}`, body === undefined ? {} : { body });
  }

  runChores(): Promise<void> {
    return this.#gateway.runChores();
  }
}

type Step = (pair: Pair) => Promise<void>;

/** The status the model says; true when it is no refusal. */
function agree({ log }: Pair, answer: Answer, refusal: Refusal, what: string): boolean {
  log.push(`${what}: ${answer.status}`);
  const isFine = refusal === undefined ? answer.status < 300 : answer.status === refusal;
  assert.ok(isFine, `${what}: ${answer.status} where the model says ${refusal ?? 'yes'}: ${answer.text}`);
  return refusal === undefined;
}

const objectPath = (name: string, query: Readonly<Record<string, string | undefined>> = {}) => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/o/${encodeURIComponent(name)}?${new URLSearchParams(given)}`;
};

const NAMES = ['a', 'b', 'dir/c', 'dir/d.tmp'];
const name = fc.constantFrom(...NAMES);
const storageClass = fc.constantFrom(...STORAGE_CLASSES);

/** Each of the choices now and then, mostly the other. */
const seldom = <T>(choices: readonly T[], other: T, times: number) =>
  fc.constantFrom(...choices, ...Array<T>(times).fill(other));

type Match = 'none' | 'current' | 'absent' | 'stale';
const match = seldom<Match>(['current', 'current', 'absent', 'stale'], 'none', 12);

function conditions(kind: Match, version: ModelVersion | undefined) {
  if (kind === 'current') return { ifGenerationMatch: version?.generation ?? '7' };
  if (kind === 'stale') return { ifMetagenerationMatch: String((version?.metageneration ?? 0) + 1) };
  return kind === 'absent' ? { ifGenerationMatch: '0' } : {};
}

function judgeMatch(kind: Match, version: ModelVersion | undefined): Refusal {
  const holds = kind === 'none' || (kind === 'current' && version !== undefined) || (kind === 'absent' && !version);
  return holds ? undefined : 412;
}

/** Mostly a version that there is, with its generation or, of a live one, without. */
const address = fc
  .record({ at: fc.nat(), isNamed: fc.boolean(), isOther: seldom([true], false, 15), other: name })
  .map((chosen) => {
    return ({ versions }: GcsModel): { readonly name: string; readonly generation?: string } => {
      const some = versions.filter(({ state }) => state !== 'softDeleted');
      const version = some[chosen.at % Math.max(1, some.length)];
      if (version === undefined || chosen.isOther) return { name: chosen.other, generation: String(chosen.at + 1) };
      if (version.state === 'live' && !chosen.isNamed) return { name: version.name };
      return { name: version.name, generation: version.generation };
    };
  });

const ahead = fc.constantFrom(1, 60_000, DAY_MS, 3 * DAY_MS, 40 * DAY_MS);
const retention = fc.record({ mode: fc.constantFrom<Retention['mode']>('Unlocked', 'Unlocked', 'Locked'), ahead });
const retentionResource = ({ mode, untilMs }: Retention) => ({
  retention: { mode, retainUntilTime: new Date(untilMs).toISOString() },
});

const seldomHeld = seldom<boolean | undefined>([true, false, false], undefined, 12);

const insert = fc
  .record({
    name,
    size: fc.nat(12),
    label: fc.constantFrom('', 'one', 'two'),
    storageClass,
    customAgo: fc.option(fc.nat(5)),
    temporaryHold: seldomHeld,
    eventBasedHold: seldomHeld,
    retained: fc.option(fc.record({ retention, isPast: seldom([true], false, 9) }), { freq: 3 }),
    kind: match,
  })
  .map(
    ({ name, customAgo, retained, kind, temporaryHold, eventBasedHold, ...facts }): Step =>
      async (pair) => {
        const { model, gcs, bucket } = pair;
        const own =
          retained === null || kind !== 'none' || !(model.hasObjectRetention || retained.isPast)
            ? undefined
            : {
                mode: retained.retention.mode,
                untilMs: model.nowMs + (retained.isPast ? 0 : retained.retention.ahead),
              };
        const customTimeMs = customAgo === null ? undefined : model.nowMs - customAgo * DAY_MS;
        const made: NewVersion = {
          ...facts,
          customTimeMs,
          retention: own,
          ...(temporaryHold === undefined ? {} : { temporaryHold }),
          ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
        };
        const resource = {
          name,
          storageClass: facts.storageClass,
          metadata: { label: facts.label },
          ...(temporaryHold === undefined ? {} : { temporaryHold }),
          ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
          ...(customTimeMs === undefined ? {} : { customTime: new Date(customTimeMs).toISOString() }),
          ...(own === undefined ? {} : retentionResource(own)),
        };
        const live = model.live(name);
        const query = new URLSearchParams(conditions(kind, live)).toString();
        const answer = await gcs.insert(bucket, resource, 'x'.repeat(facts.size), query === '' ? '' : `&${query}`);
        const refusal = judgeMatch(kind, live) ?? model.judgeNew(name, made);
        if (agree(pair, answer, refusal, `insert ${JSON.stringify(resource)} ${kind}`))
          model.add(name, answer.json.generation, made);
      },
  );

const remove = fc.record({ address, kind: match }).map(
  ({ address, kind }): Step =>
    async (pair) => {
      const { model } = pair;
      const { name, generation } = address(model);
      const version = model.find(name, generation);
      const isForGood = generation !== undefined;
      const refusal = version === undefined ? 404 : (judgeMatch(kind, version) ?? model.judgeLoss(version, isForGood));
      const answer = await pair.call('DELETE', objectPath(name, { generation, ...conditions(kind, version) }));
      if (agree(pair, answer, refusal, `delete ${name} ${generation} ${kind}`) && version !== undefined)
        model.lose(version, isForGood);
    },
);

const tristate = fc.constantFrom(true, false, null);
const patchBody = fc.oneof(
  fc.constantFrom('', 'one', 'two').map((label) => (): Patch => ({ label })),
  { weight: 2, arbitrary: tristate.map((temporaryHold) => (): Patch => ({ temporaryHold })) },
  { weight: 3, arbitrary: tristate.map((eventBasedHold) => (): Patch => ({ eventBasedHold })) },
  fc.constantFrom(null, 0, 2, 4).map((ago) => ({ nowMs }: GcsModel): Patch => {
    return { customTimeMs: ago === null ? null : nowMs - ago * DAY_MS };
  }),
  {
    weight: 4,
    arbitrary: fc
      .record({ own: fc.option(retention, { freq: 5 }), overrides: fc.boolean(), with: tristate, die: fc.nat(5) })
      .map(({ own, overrides, with: eventBasedHold, die }) => ({ nowMs }: GcsModel): Patch => {
        return {
          retention: own === null ? null : { mode: own.mode, untilMs: nowMs + own.ahead },
          overridesUnlocked: overrides,
          ...(die === 0 ? { eventBasedHold } : {}),
        };
      }),
  },
);

const change = fc.record({ address, patchBody, kind: match }).map(
  ({ address, patchBody, kind }): Step =>
    async (pair) => {
      const { model } = pair;
      const { name, generation } = address(model);
      const version = model.find(name, generation);
      const patch = patchBody(model);
      const refusal = version === undefined ? 404 : (judgeMatch(kind, version) ?? model.judgePatch(version, patch));
      const overrideUnlockedRetention = patch.overridesUnlocked === true ? 'true' : undefined;
      const query = { generation, overrideUnlockedRetention, ...conditions(kind, version) };
      const answer = await pair.call('PATCH', objectPath(name, query), patchResource(patch));
      if (
        agree(pair, answer, refusal, `patch ${name} ${generation} ${kind} ${JSON.stringify(patch)}`) &&
        version !== undefined
      ) {
        model.patch(version, patch);
      }
    },
);

function patchResource({ label, temporaryHold, eventBasedHold, customTimeMs, retention }: Patch) {
  return {
    ...(label === undefined ? {} : { metadata: { label } }),
    ...(temporaryHold === undefined ? {} : { temporaryHold }),
    ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
    ...(customTimeMs === undefined
      ? {}
      : { customTime: customTimeMs === null ? null : new Date(customTimeMs).toISOString() }),
    ...(retention === undefined ? {} : retention === null ? { retention: null } : retentionResource(retention)),
  };
}

/** What an update leaves out is taken away, but for the custom time, which is sent along here. */
const update = fc
  .record({
    address,
    label: fc.constantFrom('', 'one', 'two'),
    temporaryHold: seldomHeld,
    eventBasedHold: seldomHeld,
    asksAnew: fc.boolean(),
    keepsOwn: fc.boolean(),
    overridesUnlocked: fc.boolean(),
  })
  .map(
    ({ address, asksAnew, keepsOwn, ...given }): Step =>
      async (pair) => {
        const { model } = pair;
        const { name, generation } = address(model);
        const version = model.find(name, generation);
        const later = { mode: 'Unlocked' as const, untilMs: model.nowMs + DAY_MS };
        const retention = keepsOwn ? version?.retention : asksAnew ? later : undefined;
        const { label, temporaryHold, eventBasedHold, overridesUnlocked } = given;
        const { customTimeMs } = version ?? {};
        const body = patchResource({
          label,
          ...(temporaryHold === undefined ? {} : { temporaryHold }),
          ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
          ...(retention === undefined ? {} : { retention }),
          ...(customTimeMs === undefined ? {} : { customTimeMs }),
        });
        const patch: Patch = {
          ...{ label, overridesUnlocked, temporaryHold: temporaryHold ?? null, eventBasedHold: eventBasedHold ?? null },
          retention: retention ?? null,
        };
        const refusal = version === undefined ? 404 : model.judgePatch(version, patch);
        const overrideUnlockedRetention = overridesUnlocked ? 'true' : undefined;
        const answer = await pair.call('PUT', objectPath(name, { generation, overrideUnlockedRetention }), body);
        if (
          agree(pair, answer, refusal, `update ${name} ${generation} ${JSON.stringify(body)}`) &&
          version !== undefined
        ) {
          model.patch(version, patch);
        }
      },
  );

/** A copy takes neither holds nor retention along, and has the bucket's class. */
const copy = fc.record({ address, to: name, rewrites: fc.boolean() }).map(
  ({ address, to, rewrites }): Step =>
    async (pair) => {
      const { model } = pair;
      const { name, generation } = address(model);
      const source = model.find(name, generation);
      const query = new URLSearchParams(generation === undefined ? {} : { sourceGeneration: generation });
      const path = `/o/${encodeURIComponent(name)}/${rewrites ? 'rewriteTo' : 'copyTo'}/b/${pair.bucket}/o/`;
      const answer = await pair.call('POST', `${path}${encodeURIComponent(to)}?${query}`);
      const made = source && { ...contentOf(source), storageClass: 'STANDARD' };
      const refusal = made === undefined ? 404 : model.judgeNew(to, made);
      if (!agree(pair, answer, refusal, `copy ${name} to ${to}`) || made === undefined) return;
      model.add(to, (rewrites ? answer.json.resource : answer.json).generation, made);
    },
);

const contentOf = ({ size, label, customTimeMs, storageClass }: ModelVersion): NewVersion => ({
  ...{ size, label, customTimeMs, storageClass },
});

/** A bucket that holds new objects by default is left out: no page says if a moved or restored one is new there. */
const move = fc.record({ from: name, to: name }).map(
  ({ from, to }): Step =>
    async (pair) => {
      const { model } = pair;
      if (model.defaultEventBasedHold) return;
      const source = model.live(from);
      const path = `/o/${encodeURIComponent(from)}/moveTo/o/${encodeURIComponent(to)}`;
      const answer = await pair.call('POST', path);
      const judged = model.judgeLoss(source, false) ?? model.judgeLoss(model.live(to), false);
      const refusal = from === to ? 400 : source === undefined ? 404 : judged;
      if (!agree(pair, answer, refusal, `move ${from} to ${to}`) || source === undefined) return;
      model.add(to, answer.json.generation, { ...contentOf(source), retention: source.retention });
      model.lose(source, false);
    },
);

const compose = fc.record({ from: fc.array(name, { minLength: 1, maxLength: 2 }), to: name }).map(
  ({ from, to }): Step =>
    async (pair) => {
      const { model } = pair;
      const sources = from.map((one) => model.live(one));
      const body = { destination: {}, sourceObjects: from.map((one) => ({ name: one })) };
      const answer = await pair.call('POST', `/o/${encodeURIComponent(to)}/compose`, body);
      const size = sources.reduce((sum, one) => sum + (one?.size ?? 0), 0);
      const made: NewVersion = { size, label: '', storageClass: 'STANDARD' };
      const isOneClass = sources.every((one) => one?.storageClass === made.storageClass);
      const refusal = sources.includes(undefined) ? 404 : (model.judgeNew(to, made) ?? (isOneClass ? undefined : 400));
      if (agree(pair, answer, refusal, `compose ${from} to ${to}`)) model.add(to, answer.json.generation, made);
    },
);

const restore = fc.record({ at: fc.nat(), kind: match }).map(
  ({ at, kind }): Step =>
    async (pair) => {
      const { model } = pair;
      const some = model.versions.filter(({ state }) => state === 'softDeleted');
      const version = some[at % Math.max(1, some.length)];
      if (version === undefined || model.defaultEventBasedHold) return;
      const { name, generation, hardDeleteMs = 0 } = version;
      const live = model.live(name);
      const judged = judgeMatch(kind, live) ?? model.judgeLoss(live, false);
      const refusal = hardDeleteMs <= model.nowMs ? 404 : judged;
      const query = new URLSearchParams({ generation, ...conditions(kind, live) });
      const answer = await pair.call('POST', `/o/${encodeURIComponent(name)}/restore?${query}`);
      if (!agree(pair, answer, refusal, `restore ${name}`)) return;
      model.add(name, answer.json.generation, { ...contentOf(version), retention: version.retention });
    },
);

const get = fc.record({ address, isSoftDeleted: fc.boolean() }).map(
  ({ address, isSoftDeleted }): Step =>
    async (pair) => {
      const { model } = pair;
      const { name, generation } = address(model);
      if (!isSoftDeleted || generation === undefined) {
        const version = model.find(name, generation);
        const answer = await pair.call('GET', objectPath(name, { generation }));
        if (agree(pair, answer, version === undefined ? 404 : undefined, `get ${name}`) && version !== undefined) {
          assert.deepEqual(shownBy(answer.json), shownIn(model, version));
        }
        return;
      }
      const deleted = model.shown('softDeleted').find((one) => one.name === name && one.generation === generation);
      const answer = await pair.call('GET', objectPath(name, { generation, softDeleted: 'true' }));
      agree(pair, answer, deleted === undefined ? 404 : undefined, `get soft-deleted ${name}`);
    },
);

async function configure(pair: Pair, body: Readonly<Record<string, unknown>>, refusal: Refusal): Promise<boolean> {
  const answer = await pair.call('PATCH', '', body);
  const isDone = agree(pair, answer, refusal, `bucket ${JSON.stringify(body)}`);
  if (isDone) pair.metageneration = answer.json.metageneration;
  return isDone;
}

const setVersioning = fc.boolean().map(
  (enabled): Step =>
    async (pair) => {
      if (await configure(pair, { versioning: { enabled } }, undefined)) pair.model.hasVersioning = enabled;
    },
);

const setSoftDelete = fc.constantFrom(0, 0, 7, 7, 30, 90, 91).map(
  (days): Step =>
    async (pair) => {
      const softDeletePolicy = { retentionDurationSeconds: String(days * 86_400) };
      // "From 7 days to 90 days", or off.
      if (await configure(pair, { softDeletePolicy }, days > 90 ? 400 : undefined))
        pair.model.softDeleteMs = days * DAY_MS;
    },
);

const setPolicy = fc.constantFrom(null, null, 60, 86_400, 3 * 86_400, 10 * 86_400).map(
  (seconds): Step =>
    async (pair) => {
      const periodMs = seconds === null ? undefined : seconds * 1_000;
      const retentionPolicy = seconds === null ? null : { retentionPeriod: String(seconds) };
      const refusal = pair.model.judgePolicy(periodMs);
      if (await configure(pair, { retentionPolicy }, refusal)) pair.model.setPolicy(periodMs);
    },
);

const setDefaultHold = fc.constantFrom(true, false, false, false).map(
  (defaultEventBasedHold): Step =>
    async (pair) => {
      if (await configure(pair, { defaultEventBasedHold }, undefined)) {
        pair.model.defaultEventBasedHold = defaultEventBasedHold;
      }
    },
);

const lock = fc.nat(3).map(
  (die): Step =>
    async (pair) => {
      const { model, metageneration } = pair;
      const seen = die === 0 && model.policy !== undefined ? String(Number(metageneration) + 1) : metageneration;
      const refusal = model.policy === undefined ? 400 : seen === metageneration ? undefined : 412;
      const answer = await pair.call('POST', `/lockRetentionPolicy?ifMetagenerationMatch=${seen}`);
      if (!agree(pair, answer, refusal, 'lock') || model.policy === undefined) return;
      model.policy = { ...model.policy, isLocked: true };
      pair.metageneration = answer.json.metageneration;
    },
);

const setRules = fc.array(anyRule(START_MS), { maxLength: 3 }).map(
  (rules): Step =>
    async (pair) => {
      const lifecycle = rules.length === 0 ? null : { rule: rules };
      if (await configure(pair, { lifecycle }, undefined)) pair.model.rules = rules;
    },
);

const DURATIONS = [
  1,
  59_999,
  60_000,
  3_600_000,
  DAY_MS - 1,
  DAY_MS,
  2 * DAY_MS,
  7 * DAY_MS - 1,
  7 * DAY_MS,
  31 * DAY_MS,
];
let passMs = (_ms: number): void => {};
const pass = fc.constantFrom(...DURATIONS).map(
  (ms): Step =>
    async ({ model }) => {
      passMs(ms);
      model.nowMs += ms;
    },
);

const work = fc.constant<Step>(async (pair) => {
  pair.log.push('chores');
  await pair.runChores();
  pair.model.runLifecycle();
  await compare(pair);
});

/** What is compared of a version, in the words of the API. */
function shownIn(model: GcsModel, version: ModelVersion) {
  const { name, generation, storageClass, label, temporaryHold, eventBasedHold, retention } = version;
  const retainedUntilMs = model.retainedUntilMs(version);
  return {
    ...{ name, generation, storageClass, label, temporaryHold, eventBasedHold },
    metageneration: String(version.metageneration),
    size: String(version.size),
    timeCreated: version.createdMs,
    updated: version.updatedMs,
    timeStorageClassUpdated: version.classUpdatedMs,
    customTime: version.customTimeMs,
    retention: retention && `${retention.mode} ${retention.untilMs}`,
    retentionExpirationTime: retainedUntilMs,
    timeDeleted: version.noncurrentMs,
    softDeleteTime: version.softDeletedMs,
    hardDeleteTime: version.hardDeleteMs,
  };
}

const ms = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));

function shownBy(item: GcsJson): ReturnType<typeof shownIn> {
  const { name, generation, metageneration, size, storageClass } = item;
  const retention = item.retention as { readonly mode: string; readonly retainUntilTime: string } | undefined;
  return {
    ...{ name, generation, metageneration, size, storageClass },
    label: item.metadata?.['label'] ?? '',
    temporaryHold: item.temporaryHold ?? false,
    eventBasedHold: item.eventBasedHold ?? false,
    timeCreated: Date.parse(item.timeCreated),
    updated: Date.parse(item.updated),
    timeStorageClassUpdated: Date.parse(item.timeStorageClassUpdated),
    customTime: ms(item.customTime),
    retention: retention && `${retention.mode} ${Date.parse(retention.retainUntilTime)}`,
    retentionExpirationTime: ms(item.retentionExpirationTime),
    timeDeleted: ms(item.timeDeleted),
    softDeleteTime: ms(item.softDeleteTime),
    hardDeleteTime: ms(item.hardDeleteTime),
  };
}

/** All that the bucket shows. */
async function compare(pair: Pair): Promise<void> {
  const { model } = pair;
  const list = async (query: string) => ((await pair.call('GET', `/o?${query}`)).json.items ?? []).map(shownBy);
  const expected = (...states: readonly ModelVersion['state'][]) =>
    model.shown(...states).map((version) => shownIn(model, version));
  assert.deepEqual(await list('versions=true'), expected('live', 'noncurrent'));
  assert.deepEqual(await list('softDeleted=true'), expected('softDeleted'));
}

const compareStep = fc.constant<Step>(compare);

const step = fc.oneof(
  { weight: 14, arbitrary: insert },
  { weight: 7, arbitrary: remove },
  { weight: 12, arbitrary: change },
  { weight: 3, arbitrary: update },
  { weight: 4, arbitrary: copy },
  { weight: 2, arbitrary: move },
  { weight: 2, arbitrary: compose },
  { weight: 5, arbitrary: restore },
  { weight: 3, arbitrary: get },
  { weight: 2, arbitrary: setVersioning },
  { weight: 2, arbitrary: setSoftDelete },
  { weight: 2, arbitrary: setPolicy },
  { weight: 1, arbitrary: setDefaultHold },
  { weight: 5, arbitrary: setRules },
  { weight: 8, arbitrary: pass },
  { weight: 8, arbitrary: work },
  { weight: 8, arbitrary: compareStep },
);

/** A lock is for good: most histories have none, or a late one. */
const history = fc.record({
  hasObjectRetention: fc.boolean(),
  steps: fc.array(step, { minLength: LENGTH, maxLength: LENGTH }),
  lockAt: fc.option(fc.record({ at: fc.nat(LENGTH), lock }), { freq: 3 }),
});

async function run({ hasObjectRetention, steps, lockAt }: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  let nowMs = START_MS;
  passMs = (ms) => {
    nowMs += ms;
  };
  const clock = {
    ...systemClock,
    nowMs: () => nowMs,
    nowMicros: () => BigInt(nowMs) * 1_000n,
    monotonicMs: () => nowMs - START_MS,
  };
  const gateway = await startMemoryGateway({ clock });
  try {
    const bucket = 'kept';
    const pair = new Pair({ model: new GcsModel(nowMs, hasObjectRetention), gateway, bucket });
    const query = `project=p&enableObjectRetention=${hasObjectRetention}`;
    const made = await pair.gcs.call('POST', `/storage/v1/b?${query}`, { body: { name: bucket } });
    assert.equal(made.status, 200, made.text);
    pair.metageneration = made.json.metageneration;
    try {
      for (const [index, one] of steps.entries()) {
        if (lockAt?.at === index) await lockAt.lock(pair);
        await one(pair);
      }
      await compare(pair);
    } catch (error) {
      throw new Error(`after:\n${pair.log.join('\n')}\n${error instanceof Error ? error.message : error}`);
    }
  } finally {
    await gateway.close();
  }
}

test('random histories of kept, aging and deleted objects are what the pages of GCS make of them', async () => {
  let operations = 0;
  await fc.assert(
    fc.asyncProperty(history, async (one) => {
      await run(one);
      operations += one.steps.length;
    }),
    // A history is told by its log: cutting it down would take long.
    { numRuns: HISTORIES, endOnFailure: true },
  );
  assert.ok(operations >= LENGTH * HISTORIES, `${operations}`);
  recordFigure({ name: 'operations on kept objects that agree with the model', value: operations });
});
