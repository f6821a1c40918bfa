/**
 * Versioning and soft delete against a list of versions. Random histories over settings that change and a clock that
 * moves run on both; after each step the answers must agree, and at the end so must every listing and every byte.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';
import { isStraitError } from '../model/errors.ts';
import { generation } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { expireSoftDeletedOnce } from './expire-soft-deleted.ts';
import type { ListInput, ListPosition } from './list-objects.ts';
import { reapOnce } from './reap.ts';

interface Version {
  readonly name: string;
  readonly generation: bigint;
  readonly body: string;
  readonly label: string;
  readonly metageneration: bigint;
  readonly kind: 'live' | 'noncurrent' | 'softDeleted';
  readonly timeDeletedMs?: number;
  readonly hardDeleteTimeMs?: number;
}

class Model {
  versions: Version[] = [];
  hasVersioning = false;
  retentionMs = 0;
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  live(name: string): Version | undefined {
    return this.versions.find((one) => one.name === name && one.kind === 'live');
  }

  /** Live or noncurrent. */
  find(name: string, wanted: bigint): Version | undefined {
    return this.versions.find((one) => one.name === name && one.generation === wanted && one.kind !== 'softDeleted');
  }

  shown(kinds: readonly Version['kind'][]): Version[] {
    return this.versions
      .filter((one) => kinds.includes(one.kind))
      .filter((one) => one.hardDeleteTimeMs === undefined || one.hardDeleteTimeMs > this.nowMs)
      .toSorted(
        (left, right) =>
          Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)) || Number(left.generation - right.generation),
      );
  }

  drop(version: Version, isForGood: boolean): void {
    this.versions = this.versions.filter((one) => one !== version);
    if (version.kind === 'live' && !isForGood && this.hasVersioning) {
      this.versions.push({ ...version, kind: 'noncurrent', timeDeletedMs: this.nowMs });
    } else if (this.retentionMs > 0) {
      this.versions.push({ ...version, kind: 'softDeleted', hardDeleteTimeMs: this.nowMs + this.retentionMs });
    }
  }

  put(name: string, made: NamedObject, facts: Pick<Version, 'body' | 'label'>): void {
    const { state } = made;
    assert.ok(this.versions.every((one) => one.generation !== state.generation));
    assert.equal(state.metageneration, 1n);
    for (const field of ['timeDeletedMs', 'softDeleteTimeMs', 'hardDeleteTimeMs'] as const) {
      assert.equal(state[field], undefined, field);
    }
    const live = this.live(name);
    if (live !== undefined) this.drop(live, false);
    const { body, label } = facts;
    this.versions.push({ name, generation: state.generation, body, label, metageneration: 1n, kind: 'live' });
  }

  replace(version: Version, by: Version): void {
    this.versions = this.versions.map((one) => (one === version ? by : one));
  }
}

type Step = (model: Model, fixture: LakeFixture) => Promise<void>;

async function both<T>(expected: string | undefined, run: () => Promise<T>, accept: (made: T) => void): Promise<void> {
  try {
    const made = await run();
    assert.equal(expected, undefined, 'the model refuses this');
    accept(made);
  } catch (error) {
    if (!isStraitError(error)) throw error;
    assert.equal(error.code, expected, error.message);
  }
}

const name = fc.constantFrom('a', 'a\0', 'a\u0001', 'dir/', 'dir/b', 'dir/c');
const body = fc.constantFrom('', 'x', 'some bytes', 'y'.repeat(100));
const label = fc.constantFrom('', 'one', 'two');
const labelled = (text: string) => (text === '' ? {} : { metadata: { label: text } });

/** A version to address: mostly one that there is, with its generation or, of a live one, without. */
const address = fc
  .record({ at: fc.nat(), isNamed: fc.boolean(), die: fc.integer({ min: 0, max: 9 }), other: name })
  .map(({ at, isNamed, die, other }) => (model: Model) => {
    const some = model.versions.filter(({ kind }) => kind !== 'softDeleted');
    const version = some[at % Math.max(1, some.length)];
    if (version === undefined || die === 0) return { name: other, generation: generation(BigInt(at + 1)) };
    if (version.kind === 'live' && !isNamed) return { name: version.name };
    return { name: version.name, generation: generation(version.generation) };
  });

function addressed(model: Model, { name, generation: wanted }: { name: string; generation?: bigint }) {
  return wanted === undefined ? model.live(name) : model.find(name, wanted);
}

const match = fc.constantFrom('none', 'none', 'none', 'current', 'absent', 'stale');
function conditions(kind: string, version: Version | undefined): Preconditions {
  if (kind === 'current') return { ifGenerationMatch: version?.generation ?? 7n };
  if (kind === 'stale') return { ifMetagenerationMatch: (version?.metageneration ?? 0n) + 1n };
  return kind === 'absent' ? { ifGenerationMatch: 0n } : {};
}
function refusal(kind: string, version: Version | undefined): string | undefined {
  const holds = kind === 'none' || (kind === 'current' && version !== undefined) || (kind === 'absent' && !version);
  return holds ? undefined : 'preconditionFailed';
}

const put = fc.record({ name, body, label, kind: match }).map(
  (input): Step =>
    async (model, fixture) => {
      const live = model.live(input.name);
      const more = { attributes: labelled(input.label), preconditions: conditions(input.kind, live) };
      await both(
        refusal(input.kind, live),
        () => fixture.put(input.name, input.body, more),
        (made) => model.put(input.name, made, input),
      );
    },
);

const remove = fc.record({ address, kind: match }).map(
  (input): Step =>
    async (model, { namespace }) => {
      const wanted = input.address(model);
      const version = addressed(model, wanted);
      const preconditions = conditions(input.kind, version);
      await both(
        version === undefined ? 'objectNotFound' : refusal(input.kind, version),
        () => namespace.deleteObject({ address: { bucket: LAKE, ...wanted }, preconditions }),
        () => version !== undefined && model.drop(version, 'generation' in wanted),
      );
    },
);

const patch = fc.record({ address, label, kind: match }).map(
  (input): Step =>
    async (model, { namespace }) => {
      const wanted = input.address(model);
      const version = addressed(model, wanted);
      const preconditions = conditions(input.kind, version);
      await both(
        version === undefined ? 'objectNotFound' : refusal(input.kind, version),
        () =>
          namespace.changeObject({
            address: { bucket: LAKE, ...wanted },
            preconditions,
            change: () => labelled(input.label),
          }),
        ({ state }) => {
          if (version === undefined) return;
          const metageneration = version.metageneration + 1n;
          assert.equal(state.metageneration, metageneration);
          assert.equal(state.timeDeletedMs, version.timeDeletedMs);
          model.replace(version, { ...version, label: input.label, metageneration });
        },
      );
    },
);

const copy = fc.record({ address, to: name }).map(
  ({ address: choose, to }): Step =>
    async (model, { namespace }) => {
      const wanted = choose(model);
      const version = addressed(model, wanted);
      await both(
        version === undefined ? 'objectNotFound' : undefined,
        () =>
          namespace.copyObject({
            source: { bucket: LAKE, ...wanted },
            sourcePreconditions: {},
            destination: { bucket: LAKE, name: to },
            preconditions: {},
          }),
        (made) => version !== undefined && model.put(to, made, version),
      );
    },
);

const move = fc.record({ from: name, to: name }).map(
  ({ from, to }): Step =>
    async (model, { namespace }) => {
      const source = model.live(from);
      await both(
        from === to ? 'invalidArgument' : source === undefined ? 'objectNotFound' : undefined,
        () =>
          namespace.moveObject({
            source: { bucket: LAKE, name: from },
            sourcePreconditions: {},
            destination: { bucket: LAKE, name: to },
            preconditions: {},
          }),
        (made) => {
          if (source === undefined) return;
          model.put(to, made, source);
          model.drop(source, false);
        },
      );
    },
);

const compose = fc
  .record({ from: fc.array(address, { minLength: 1, maxLength: 3 }), to: name, drop: fc.boolean() })
  .map(
    ({ from, to, drop }): Step =>
      async (model, { namespace }) => {
        const sources = from.map((choose) => choose(model));
        const versions = sources.map((one) => addressed(model, one));
        const live = model.live(to);
        await both(
          versions.includes(undefined) ? 'objectNotFound' : undefined,
          () =>
            namespace.composeObject({
              destination: { bucket: LAKE, name: to },
              attributes: {},
              preconditions: {},
              sources,
              deleteSources: drop,
            }),
          (made) => {
            const whole = versions.map((one) => one?.body ?? '').join('');
            model.put(to, made, { body: whole, label: '' });
            const dropped = drop ? new Set(versions) : new Set<Version>();
            for (const one of dropped) if (one !== undefined && one !== live) model.drop(one, false);
          },
        );
      },
  );

const restore = fc.record({ at: fc.nat(), kind: match }).map(
  ({ at, kind }): Step =>
    async (model, { namespace }) => {
      const some = model.versions.filter((one) => one.kind === 'softDeleted');
      const version = some[at % Math.max(1, some.length)];
      if (version === undefined) return;
      const live = model.live(version.name);
      const isOver = (version.hardDeleteTimeMs ?? 0) <= model.nowMs;
      await both(
        isOver ? 'objectNotFound' : refusal(kind, live),
        () =>
          namespace.restoreObject({
            address: { bucket: LAKE, name: version.name, generation: generation(version.generation) },
            preconditions: conditions(kind, live),
            copySourceAcl: false,
          }),
        (made) => {
          assert.equal(made.state.timeCreatedMs, model.nowMs);
          model.put(version.name, made, version);
        },
      );
    },
);

const DAY_SECONDS = 86_400;

const configure = fc
  .record({
    enabled: fc.boolean(),
    seconds: fc.constantFrom(0, 0, 7 * DAY_SECONDS, 30 * DAY_SECONDS, 90 * DAY_SECONDS),
  })
  .map(
    ({ enabled, seconds }): Step =>
      async (model, { namespace }) => {
        model.hasVersioning = enabled;
        model.retentionMs = seconds * 1_000;
        const settings = {
          versioning: { enabled },
          softDeletePolicy: { retentionDurationSeconds: String(seconds) },
        };
        const change = ({ storageClass }: { readonly storageClass: string }) => ({ settings, storageClass });
        await namespace.changeBucket({ name: LAKE, preconditions: {}, change });
      },
  );

const DAY_MS = DAY_SECONDS * 1_000;

const pass = fc.constantFrom(1, 7_200_000, DAY_MS, 7 * DAY_MS - 1, 7 * DAY_MS, 40 * DAY_MS).map(
  (ms): Step =>
    async (model, { pass }) => {
      pass(ms);
      model.nowMs += ms;
    },
);

const cleanUp = fc.constant<Step>(async (model, { deps }) => {
  await reapOnce(deps, new AbortController().signal);
  await expireSoftDeletedOnce(deps, new AbortController().signal);
  model.versions = model.versions.filter(({ hardDeleteTimeMs: endMs }) => endMs === undefined || endMs > model.nowMs);
});

const KINDS = { live: ['live'], all: ['live', 'noncurrent'], softDeleted: ['softDeleted'] } as const;

const list = fc
  .record({
    mode: fc.constantFrom('live', 'all', 'softDeleted'),
    maxResults: fc.integer({ min: 1, max: 5 }),
    prefix: fc.constantFrom('', '', 'a', 'dir/'),
    delimiter: fc.constantFrom('', '', '/'),
    startOffset: fc.constantFrom('', '', 'a\0', 'dir/'),
    endOffset: fc.constantFrom('', '', 'a\u0001', 'dir/c'),
    isTrailing: fc.boolean(),
  })
  .map(
    ({ mode, isTrailing, ...options }): Step =>
      async (model, fixture) => {
        const versions = mode === 'live' ? {} : { versions: mode as 'all' | 'softDeleted' };
        const input = { bucket: LAKE, ...options, ...versions, includeTrailingDelimiter: isTrailing };
        const { prefix, delimiter, startOffset, endOffset } = options;
        const shown = await listAll(fixture, input);
        const items: Version[] = [];
        const prefixes = new Set<string>();
        for (const one of model.shown(KINDS[mode as keyof typeof KINDS])) {
          if (!one.name.startsWith(prefix) || one.name < startOffset || (endOffset !== '' && one.name >= endOffset))
            continue;
          const at = delimiter === '' ? -1 : one.name.indexOf(delimiter, prefix.length);
          if (at >= 0) prefixes.add(one.name.slice(0, at + 1));
          if (at < 0 || (isTrailing && at === one.name.length - 1)) items.push(one);
        }
        assert.deepEqual(shown.items.map(keyOf), items.map(keyOf));
        assert.deepEqual(shown.prefixes, [...prefixes]);
      },
  );

const keyOf = (one: Version | NamedObject) => `${one.name}#${'state' in one ? one.state.generation : one.generation}`;

async function listAll(fixture: LakeFixture, input: ListInput) {
  const shown = { items: [] as NamedObject[], prefixes: [] as string[] };
  let after: ListPosition | undefined;
  do {
    const page = await fixture.namespace.listObjects({ ...input, ...(after === undefined ? {} : { after }) });
    const places =
      page.items.length + page.prefixes.filter((one) => !page.items.some(({ name }) => name === one)).length;
    assert.ok(places <= input.maxResults);
    shown.items.push(...page.items);
    shown.prefixes.push(...page.prefixes);
    after = page.nextAfter;
  } while (after !== undefined);
  return shown;
}

/** Every version, as listings and gets show it, and every byte that can be read. */
async function compare(model: Model, fixture: LakeFixture): Promise<void> {
  for (const [mode, kinds] of Object.entries(KINDS)) {
    const versions = mode === 'live' ? {} : { versions: mode as 'all' | 'softDeleted' };
    const { items } = await listAll(fixture, { bucket: LAKE, maxResults: 100, ...versions });
    const expected = model.shown(kinds);
    assert.deepEqual(items.map(keyOf), expected.map(keyOf));
    for (const [index, item] of items.entries()) await compareOne(fixture, item, expected[index] as Version);
  }
}

async function compareOne(fixture: LakeFixture, item: NamedObject, version: Version): Promise<void> {
  const { state } = item;
  const { name, metageneration, label, timeDeletedMs, hardDeleteTimeMs, kind } = version;
  assert.equal(state.metageneration, metageneration);
  assert.equal(state.metadata?.['label'] ?? '', label);
  assert.equal(state.timeDeletedMs, timeDeletedMs);
  assert.equal(state.hardDeleteTimeMs, hardDeleteTimeMs);
  const address = { bucket: LAKE, name, generation: state.generation };
  const { namespace } = fixture;
  const get = kind === 'softDeleted' ? namespace.getSoftDeletedObject : namespace.getObject;
  assert.deepEqual(await get({ address, preconditions: {} }), item);
  assert.equal((await fixture.read(item)).toString(), version.body);
}

const step = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 4, arbitrary: remove },
  { weight: 2, arbitrary: patch },
  { weight: 2, arbitrary: copy },
  { weight: 1, arbitrary: move },
  { weight: 2, arbitrary: compose },
  { weight: 3, arbitrary: restore },
  { weight: 2, arbitrary: configure },
  { weight: 2, arbitrary: pass },
  { weight: 1, arbitrary: cleanUp },
  { weight: 3, arbitrary: list },
);

test('random histories with versioning and soft delete agree with a list of versions', async () => {
  await fc.assert(
    fc.asyncProperty(configure, fc.array(step, { minLength: 10, maxLength: 60 }), async (first, steps) => {
      const fixture = await lakeFixture();
      const model = new Model(fixture.deps.clock.nowMs());
      await first(model, fixture);
      for (const run of steps) await run(model, fixture);
      await letGracePass(model, fixture);
      await compare(model, fixture);
      await leavesNothingBehind(model, fixture);
    }),
    { numRuns: 150 },
  );
});

/** Bytes that nothing seemed to hold are removed by then. */
async function letGracePass(model: Model, { deps, pass }: LakeFixture): Promise<void> {
  await reapOnce(deps, new AbortController().signal);
  pass(deps.settings.reapGraceMs + 1);
  model.nowMs += deps.settings.reapGraceMs + 1;
  await reapOnce(deps, new AbortController().signal);
}

/** Once every version is deleted and every time is over, no row and no byte is left. */
async function leavesNothingBehind(model: Model, fixture: LakeFixture): Promise<void> {
  const { deps, namespace } = fixture;
  const { signal } = new AbortController();
  for (const one of model.shown(['live', 'noncurrent'])) {
    const address = { bucket: LAKE, name: one.name, generation: generation(one.generation) };
    await namespace.deleteObject({ address, preconditions: {} });
  }
  // A version, its page of segments, the blobs on that: each goes after the one before, and its bytes a round later.
  for (let round = 0; round < 4; round += 1) {
    fixture.pass(91 * DAY_MS);
    await expireSoftDeletedOnce(deps, signal);
    await reapOnce(deps, signal);
  }
  assert.deepEqual(await Array.fromAsync(deps.blobs.listBlobs()), []);
  const rows = await deps.metadata.scan({ start: new Uint8Array(), end: Buffer.alloc(8, 0xff) }, { limit: 99 });
  const words = rows.map(({ key }) => Buffer.from(key).toString('latin1').split('/')[0]);
  assert.deepEqual(words, ['bucket', 'bucketAlive']);
}
