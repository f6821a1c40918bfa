/**
 * The namespace against a map. Random histories of every operation run on both; after each step the answers must agree,
 * and at the end so must the listing and every byte. Reaping, expiry and sweeps run in between and must change nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { LAKE, type LakeFixture, lakeFixture, targetOf } from '../../test/support/lake-fixture.ts';
import { brokenStream, streamOf } from '../../test/support/namespace-fixture.ts';
import { isStraitError } from '../model/errors.ts';
import { generation } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { expireUploadsOnce } from './expire-uploads.ts';
import { reapOnce } from './reap.ts';
import { OrphanSweep } from './sweep-orphans.ts';

interface ModelObject {
  readonly body: Buffer;
  readonly generation: bigint;
  readonly metageneration: bigint;
  readonly label: string;
  readonly components: number;
}

interface ModelSession {
  readonly uploadId: string;
  readonly name: string;
  readonly condition: Condition;
  readonly preconditions: Preconditions;
  bytes: Buffer;
  end: 'open' | 'finished' | 'refused' | 'gone';
}

class Model {
  readonly objects = new Map<string, ModelObject>();
  readonly sessions: ModelSession[] = [];
  readonly generations = new Set<bigint>();

  /** Takes a generation that the namespace gave: no version of any name may have had it before. */
  put(name: string, made: NamedObject, facts: Pick<ModelObject, 'body' | 'label' | 'components'>): void {
    const { state } = made;
    assert.equal(this.generations.has(state.generation), false, 'a generation was given twice');
    this.generations.add(state.generation);
    assert.equal(state.size, facts.body.length);
    assert.equal(state.crc32c, crc32c(facts.body));
    assert.equal(state.metadata?.['label'] ?? '', facts.label);
    assert.equal(state.componentCount ?? 1, facts.components);
    this.objects.set(name, { ...facts, generation: state.generation, metageneration: state.metageneration });
  }
}

type Condition = 'none' | 'absent' | 'present' | 'current' | 'stale' | 'metageneration';

function conditionsFor(condition: Condition, live: ModelObject | undefined): Preconditions {
  switch (condition) {
    case 'none':
      return {};
    case 'absent':
      return { ifGenerationMatch: 0n };
    case 'present':
      return { ifGenerationNotMatch: 0n };
    case 'current':
      return { ifGenerationMatch: live?.generation ?? 1n };
    case 'stale':
      return { ifGenerationNotMatch: live?.generation ?? 1n };
    case 'metageneration':
      return { ifMetagenerationMatch: live?.metageneration ?? 1n };
  }
}

/** What a map would answer; written apart from the rule under test. */
function refusalOf(conditions: Preconditions, live: ModelObject | undefined): string | undefined {
  const { ifGenerationMatch, ifGenerationNotMatch, ifMetagenerationMatch } = conditions;
  if (ifGenerationMatch !== undefined && ifGenerationMatch !== (live?.generation ?? 0n)) return 'preconditionFailed';
  if (ifMetagenerationMatch !== undefined && ifMetagenerationMatch !== live?.metageneration)
    return 'preconditionFailed';
  if (ifGenerationNotMatch === undefined) return undefined;
  return live === undefined || live.generation === ifGenerationNotMatch ? 'notModified' : undefined;
}

interface Real {
  readonly fixture: LakeFixture;
  readonly sweep: OrphanSweep;
}

type Step = (model: Model, real: Real) => Promise<void>;

/** Runs a mutation on both sides: `expected` is the refusal the model gives, if any. */
async function both<T>(
  expected: string | undefined,
  run: () => Promise<T>,
  accept: (result: T) => void,
): Promise<void> {
  try {
    const result = await run();
    assert.equal(expected, undefined, 'the model refuses this');
    accept(result);
  } catch (error) {
    if (!isStraitError(error)) throw error;
    assert.equal(error.code, expected, error.message);
  }
}

const name = fc.constantFrom('a', 'b', 'dir/', 'dir/a', '\u{e000}', '\u{1f600}');
/** Mostly a name that is there when its step comes, so that few steps are refused for want of one. */
const someName = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 9 }), name).map(
  ([at, die, other]) =>
    (model: Model): string =>
      die === 0 ? other : ([...model.objects.keys()][at % Math.max(1, model.objects.size)] ?? other),
);
const condition = fc.constantFrom<Condition>(
  'none',
  'none',
  'none',
  'none',
  'absent',
  'present',
  'current',
  'stale',
  'metageneration',
);
const label = fc.constantFrom('', 'x', 'y');
const body = fc
  .tuple(fc.constantFrom(0, 1, 5, 40, 64, 65, 200), fc.nat(255))
  .map(([length, fill]) => Buffer.alloc(length, fill));
const attributesOf = (text: string) => (text === '' ? {} : { metadata: { label: text } });

const put = fc.record({ name, body, condition, label }).map(
  (input): Step =>
    async (model, { fixture }) => {
      const live = model.objects.get(input.name);
      const preconditions = conditionsFor(input.condition, live);
      await both(
        refusalOf(preconditions, live),
        () => fixture.put(input.name, input.body, { preconditions, attributes: attributesOf(input.label) }),
        (made) => model.put(input.name, made, { body: input.body, label: input.label, components: 1 }),
      );
    },
);

const brokenPut = fc.record({ name, body }).map(
  (input): Step =>
    async (_model, { fixture }) => {
      const target = targetOf(input.name);
      await assert.rejects(fixture.namespace.insertObject({ target, body: brokenStream(input.body) }), /reset/);
    },
);

const remove = fc.record({ name: someName, condition }).map(
  (input): Step =>
    async (model, { fixture }) => {
      const chosen = input.name(model);
      const live = model.objects.get(chosen);
      const preconditions = conditionsFor(input.condition, live);
      const refusal = live === undefined ? 'objectNotFound' : refusalOf(preconditions, live);
      const address = { bucket: LAKE, name: chosen };
      await both(
        refusal,
        () => fixture.namespace.deleteObject({ address, preconditions }),
        () => {
          model.objects.delete(chosen);
        },
      );
    },
);

const patch = fc.record({ name: someName, condition, label }).map(
  (input): Step =>
    async (model, { fixture }) => {
      const chosen = input.name(model);
      const live = model.objects.get(chosen);
      const preconditions = conditionsFor(input.condition, live);
      const refusal = live === undefined ? 'objectNotFound' : refusalOf(preconditions, live);
      const address = { bucket: LAKE, name: chosen };
      const change = () => attributesOf(input.label);
      await both(
        refusal,
        () => fixture.namespace.changeObject({ address, preconditions, change }),
        ({ state }) => {
          if (live === undefined) return;
          assert.equal(state.generation, live.generation);
          assert.equal(state.metageneration, live.metageneration + 1n);
          model.objects.set(chosen, { ...live, label: input.label, metageneration: state.metageneration });
        },
      );
    },
);

const copyOrMove = fc
  .record({ from: someName, to: name, condition, sourceCondition: condition, isMove: fc.boolean() })
  .map(
    (input): Step =>
      async (model, { fixture }) => {
        const { namespace } = fixture;
        const from = input.from(model);
        const [source, live] = [model.objects.get(from), model.objects.get(input.to)];
        const preconditions = conditionsFor(input.condition, live);
        const sourcePreconditions = conditionsFor(input.sourceCondition, source);
        const request = {
          source: { bucket: LAKE, name: from },
          sourcePreconditions,
          destination: { bucket: LAKE, name: input.to },
          preconditions,
        };
        const isOnto = input.isMove && from === input.to;
        const refusal = isOnto
          ? 'invalidArgument'
          : source === undefined
            ? 'objectNotFound'
            : (refusalOf(sourcePreconditions, source) ?? refusalOf(preconditions, live));
        const run = () => (input.isMove ? namespace.moveObject(request) : namespace.copyObject(request));
        await both(refusal, run, (made) => {
          if (source === undefined) return;
          model.put(input.to, made, source);
          if (input.isMove) model.objects.delete(from);
        });
      },
  );

const compose = fc
  .record({
    to: name,
    from: fc.array(someName, { minLength: 1, maxLength: 5 }),
    condition,
    label,
    deleteSources: fc.boolean(),
  })
  .map(
    (input): Step =>
      async (model, { fixture }) => {
        const live = model.objects.get(input.to);
        const names = input.from.map((choose) => choose(model));
        const sources = names.map((from) => model.objects.get(from));
        const preconditions = conditionsFor(input.condition, live);
        const refusal = sources.includes(undefined) ? 'objectNotFound' : refusalOf(preconditions, live);
        const run = () =>
          fixture.namespace.composeObject({
            destination: { bucket: LAKE, name: input.to },
            attributes: attributesOf(input.label),
            preconditions,
            sources: names.map((from) => ({
              name: from,
              ifGenerationMatch: model.objects.get(from)?.generation ?? 1n,
            })),
            deleteSources: input.deleteSources,
          });
        await both(refusal, run, (made) => {
          const whole = Buffer.concat(sources.map((source) => source?.body ?? Buffer.alloc(0)));
          const components = sources.reduce((sum, source) => sum + (source?.components ?? 0), 0);
          if (input.deleteSources) for (const from of names) model.objects.delete(from);
          model.put(input.to, made, { body: whole, label: input.label, components });
        });
      },
  );

const startUpload = fc.record({ name, condition }).map(
  (input): Step =>
    async (model, { fixture }) => {
      const preconditions = conditionsFor(input.condition, model.objects.get(input.name));
      const { uploadId } = await fixture.namespace.startUpload(targetOf(input.name, { preconditions }));
      model.sessions.push({ ...input, uploadId, preconditions, bytes: Buffer.alloc(0), end: 'open' });
    },
);

/** Sends more bytes of a session: some are sent again, some requests break off, some are the last. */
const sendChunk = fc
  .record({ which: fc.nat(), body, again: fc.nat(50), kind: fc.constantFrom('more', 'breaks', 'last', 'gap') })
  .map(
    (input): Step =>
      async (model, { fixture }) => {
        const session = model.sessions[input.which % Math.max(1, model.sessions.length)];
        if (session === undefined) return;
        const offset = Math.max(0, session.bytes.length - input.again);
        const bytes = Buffer.concat([session.bytes.subarray(offset), input.body]);
        const whole = Buffer.concat([session.bytes, input.body]);
        const send = (at: number, source: AsyncIterable<Uint8Array>, total: number) =>
          fixture.namespace.appendUpload({ uploadId: session.uploadId, offset: at, total, body: source });
        if (session.end !== 'open') {
          const expected = { finished: undefined, refused: session.condition, gone: 'uploadGone' }[session.end];
          const again = send(offset, streamOf(bytes), whole.length).then(
            (answer) => answer.kind,
            (error) => error.code,
          );
          if (session.end === 'refused') assert.match(await again, /preconditionFailed|notModified/);
          else assert.equal(await again, expected ?? 'finished');
        } else if (input.kind === 'gap') {
          const beyond = session.bytes.length + 1;
          await assert.rejects(send(beyond, streamOf(bytes), beyond + 9), { code: 'unavailable' });
        } else if (input.kind === 'breaks') {
          await assert.rejects(send(offset, brokenStream(bytes), whole.length + 99), /reset/);
          session.bytes = await kept(fixture, session, whole);
        } else if (input.kind === 'more') {
          assert.equal((await send(offset, streamOf(bytes), whole.length + 1)).kind, 'open');
          session.bytes = await kept(fixture, session, whole);
          assert.equal(session.bytes.length, whole.length);
        } else await finish(model, session, whole, send(offset, streamOf(bytes), whole.length));
      },
  );

/** What a session says it has: never less than before, never more than was sent. */
async function kept({ namespace }: LakeFixture, session: ModelSession, sent: Buffer): Promise<Buffer> {
  const status = await namespace.uploadStatus(session.uploadId);
  assert.ok(status.kind === 'open' && status.persisted >= session.bytes.length && status.persisted <= sent.length);
  return sent.subarray(0, status.persisted);
}

async function finish(model: Model, session: ModelSession, whole: Buffer, sent: Promise<unknown>): Promise<void> {
  const refusal = refusalOf(session.preconditions, model.objects.get(session.name));
  session.end = refusal === undefined ? 'finished' : 'refused';
  await both(
    refusal,
    () => sent as Promise<{ kind: 'finished'; object: NamedObject }>,
    ({ object }) => {
      model.put(session.name, object, { body: whole, label: '', components: 1 });
    },
  );
}

const cancel = fc.nat().map(
  (which): Step =>
    async (model, { fixture }) => {
      const session = model.sessions[which % Math.max(1, model.sessions.length)];
      if (session === undefined || session.end === 'gone') return;
      await fixture.namespace.cancelUpload(session.uploadId);
      if (session.end === 'open') session.end = 'gone';
    },
);

const cleanUp = fc.constantFrom(0, 1_000, 2 * 3_600_000).map(
  (passMs): Step =>
    async (_model, { fixture, sweep }) => {
      const { signal } = new AbortController();
      fixture.pass(passMs);
      await reapOnce(fixture.deps, signal);
      await sweep.sweepOnce(signal);
      await expireUploadsOnce(fixture.deps, signal);
    },
);

async function compare(model: Model, { fixture }: Real): Promise<void> {
  const { items } = await fixture.namespace.listObjects({ bucket: LAKE, maxResults: 100 });
  const names = [...model.objects.keys()].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  assert.deepEqual(
    items.map((item) => item.name),
    names,
  );
  for (const item of items) {
    const expected = model.objects.get(item.name);
    assert.equal(item.state.generation, generation(expected?.generation ?? 0n));
    assert.equal(item.state.metageneration, expected?.metageneration);
    assert.deepEqual(await fixture.read(item), expected?.body);
  }
}

test('random histories of every operation agree with a map', async () => {
  const mutations = [put, put, brokenPut, remove, patch, copyOrMove, copyOrMove, compose, compose];
  const step = fc.oneof(...mutations, startUpload, sendChunk, sendChunk, sendChunk, cancel, cleanUp);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const fixture = await lakeFixture();
      const [model, real] = [new Model(), { fixture, sweep: new OrphanSweep(fixture.deps) }];
      for (const run of steps) await run(model, real);
      await letGracesPass(real);
      await compare(model, real);
      await leavesNothingBehind(model, real);
    }),
    { numRuns: 80 },
  );
});

/** Once everything is deleted and every grace is over, no row and no byte is left. */
async function leavesNothingBehind(model: Model, real: Real): Promise<void> {
  const { fixture } = real;
  for (const one of model.objects.keys()) await fixture.remove(one);
  await letGracesPass(real);
  assert.deepEqual(await Array.fromAsync(fixture.deps.blobs.listBlobs()), []);
  assert.deepEqual(await Array.fromAsync(fixture.deps.blobs.listStaging()), []);
  const rows = await fixture.deps.metadata.scan({ start: new Uint8Array(), end: Buffer.alloc(8, 0xff) }, { limit: 99 });
  const words = rows.map(({ key }) => Buffer.from(key).toString('latin1').split('/')[0]);
  assert.deepEqual(words, ['bucket', 'bucketAlive']);
}

/** A session expires, then its page of segments is reaped, then what the page held: each takes a round or two. */
async function letGracesPass({ fixture, sweep }: Real): Promise<void> {
  const { signal } = new AbortController();
  for (let round = 0; round < 6; round += 1) {
    fixture.pass(8 * 24 * 3_600_000);
    await expireUploadsOnce(fixture.deps, signal);
    await sweep.sweepOnce(signal);
    await reapOnce(fixture.deps, signal);
  }
}
