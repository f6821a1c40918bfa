import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bucket } from '../../model/bucket.ts';
import { bucketId, generation, scopeId } from '../../model/ids.ts';
import type { ObjectAttributes, ObjectRetention, ObjectState } from '../../model/object.ts';
import { changedState } from './new-state.ts';
import { judgeRetentionChange, retentionOf, withProtection } from './object-retention.ts';
import { judgeKept, retentionExpirationMs } from './retention.ts';

const NOW_MS = 1_000_000;
const HUNDRED_YEARS_MS = 3_155_760_000_000;

const bucketWith = (settings: Bucket['settings']): Bucket => ({
  name: 'b',
  id: bucketId('0000000000000001'),
  scopeId: scopeId('0000000000000002'),
  owner: 'here',
  project: 'p',
  generation: 1n,
  metageneration: 1n,
  timeCreatedMs: 0,
  updatedMs: 0,
  location: 'US',
  storageClass: 'STANDARD',
  settings,
});

const ENABLED = { objectRetention: { mode: 'Enabled' } };
const PLACE = { bucket: bucketWith(ENABLED), nowMs: NOW_MS };

const stateWith = (attributes: ObjectAttributes, more: Partial<ObjectState> = {}): ObjectState => ({
  generation: generation(1n),
  metageneration: 1n,
  size: 0,
  crc32c: 0,
  timeCreatedMs: 0,
  updatedMs: 0,
  timeStorageClassUpdatedMs: 0,
  content: { kind: 'local', segments: [] },
  ...attributes,
  ...more,
});

const unlocked = (afterMs: number): ObjectRetention => ({ mode: 'Unlocked', retainUntilMs: NOW_MS + afterMs });
const locked = (afterMs: number): ObjectRetention => ({ mode: 'Locked', retainUntilMs: NOW_MS + afterMs });

test('a retention goes where its mode lets it, and where those who override an unlocked one want it', () => {
  type Verdict = 'free' | 'override' | 'never';
  const verdicts: readonly [ObjectRetention | undefined, ObjectRetention | undefined, Verdict][] = [
    [undefined, unlocked(9), 'free'],
    [undefined, locked(9), 'free'],
    [unlocked(9), unlocked(9), 'free'],
    [unlocked(9), unlocked(10), 'free'],
    [unlocked(9), unlocked(8), 'override'],
    [unlocked(9), undefined, 'override'],
    [unlocked(9), locked(9), 'override'],
    [unlocked(9), locked(10), 'override'],
    [unlocked(9), locked(8), 'override'],
    [unlocked(-9), undefined, 'override'],
    [locked(9), locked(9), 'free'],
    [locked(9), locked(10), 'free'],
    [locked(9), locked(8), 'never'],
    [locked(9), undefined, 'never'],
    [locked(9), unlocked(9), 'never'],
    [locked(9), unlocked(10), 'never'],
    // Its time is over: the object may go, its retention stays what it was.
    [locked(-9), undefined, 'never'],
    [locked(-9), locked(9), 'free'],
    [locked(-9), locked(-9), 'free'],
  ];
  for (const [was, wanted, verdict] of verdicts) {
    const states = [was, wanted].map((retention) => stateWith(retention === undefined ? {} : { retention }));
    const [before, after] = [states[0] ?? stateWith({}), states[1] ?? stateWith({})];
    const judge = (overridesUnlocked: boolean) =>
      judgeRetentionChange(before, after, { ...PLACE, overridesUnlocked })?.code ?? 'free';
    const expected = {
      free: ['free', 'free'],
      override: ['permissionDenied', 'free'],
      never: ['permissionDenied', 'permissionDenied'],
    };
    assert.deepEqual([judge(false), judge(true)], expected[verdict], JSON.stringify([was, wanted]));
  }
});

test('a retention is asked for in buckets that have them, for a time to come, and beside no event-based hold', () => {
  const refused: readonly [ObjectAttributes, Bucket['settings'], RegExp][] = [
    [{ retention: unlocked(9) }, {}, /not enabled on the bucket/],
    [{ retention: unlocked(0) }, ENABLED, /in the past/],
    [{ retention: locked(HUNDRED_YEARS_MS + 1) }, ENABLED, /3155760000 seconds/],
    [{ retention: unlocked(9), eventBasedHold: true }, ENABLED, /configured together/],
    [{ retention: unlocked(9) }, { ...ENABLED, defaultEventBasedHold: true }, /configured together/],
  ];
  for (const [attributes, settings, message] of refused) {
    const place = { bucket: bucketWith(settings), nowMs: NOW_MS };
    assert.throws(() => withProtection(attributes, place), { code: 'invalidArgument', message });
    if (settings['defaultEventBasedHold'] === true) continue;
    const refusal = judgeRetentionChange(stateWith({}), stateWith(attributes), place);
    assert.match(refusal?.message ?? '', message);
  }
  for (const retention of [unlocked(1), locked(HUNDRED_YEARS_MS)]) {
    assert.deepEqual(withProtection({ retention, temporaryHold: true }, PLACE), { retention, temporaryHold: true });
  }
  const retention = unlocked(9);
  const held = judgeRetentionChange(stateWith({ retention }), stateWith({ retention, eventBasedHold: true }), PLACE);
  assert.match(held?.message ?? '', /configured together/);
});

test("the bucket's default hold is on new versions that say nothing of it", () => {
  const place = { bucket: bucketWith({ ...ENABLED, defaultEventBasedHold: true }), nowMs: NOW_MS };
  assert.deepEqual(withProtection({}, place), { eventBasedHold: true });
  assert.deepEqual(withProtection({ eventBasedHold: false }, place), { eventBasedHold: false });
  const explicit = { eventBasedHold: false, retention: unlocked(9) };
  assert.deepEqual(withProtection(explicit, place), explicit);
  const carried = { retention: unlocked(-9) };
  assert.deepEqual(withProtection(carried, { ...place, isCarried: true }), carried);
  assert.deepEqual(withProtection({}, { ...place, isCarried: true }), { eventBasedHold: true });
  assert.deepEqual(withProtection({}, PLACE), {});
});

test("retention ends when the later of the policy's time and the object's own is over", () => {
  const bucket = bucketWith({ retentionPolicy: { retentionPeriod: '60' } });
  const ends = (state: ObjectState, of = bucket) => retentionExpirationMs(of, state);
  assert.equal(ends(stateWith({})), 60_000);
  assert.equal(ends(stateWith({}), bucketWith({})), undefined);
  assert.equal(ends(stateWith({ retention: unlocked(0) })), NOW_MS);
  assert.equal(ends(stateWith({ retention: { mode: 'Locked', retainUntilMs: 1 } })), 60_000);
  assert.equal(ends(stateWith({ retention: unlocked(0) }), bucketWith({})), NOW_MS);
  assert.equal(ends(stateWith({ temporaryHold: true })), 60_000);
  assert.equal(ends(stateWith({ eventBasedHold: true })), undefined);
  assert.equal(ends(stateWith({ eventBasedHold: false }, { holdReleasedMs: 5_000 })), 65_000);
});

test('a policy that nobody can read is not told, and keeps everything', () => {
  const bucket = bucketWith({ retentionPolicy: { retentionPeriod: 'for ever' } });
  assert.equal(retentionExpirationMs(bucket, stateWith({})), undefined);
  assert.throws(() => judgeKept({ bucket, name: 'a', nowMs: NOW_MS }, stateWith({})), { code: 'invalidArgument' });
});

test('the policy counts from the release of an event-based hold, and of no other', () => {
  const patch = (state: ObjectState, attributes: ObjectAttributes, nowMs: number) =>
    changedState(state, attributes, nowMs);
  const held = stateWith({ eventBasedHold: true });
  assert.equal(patch(held, { eventBasedHold: true, temporaryHold: true }, 10).holdReleasedMs, undefined);
  const released = patch(held, { eventBasedHold: false }, 20);
  assert.equal(released.holdReleasedMs, 20);
  assert.equal(patch(held, {}, 30).holdReleasedMs, 30);
  assert.equal(patch(released, { eventBasedHold: false }, 40).holdReleasedMs, 20);
  const again = patch(patch(released, { eventBasedHold: true }, 50), { eventBasedHold: false }, 60);
  assert.equal(again.holdReleasedMs, 60);
  const temporary = stateWith({ temporaryHold: true });
  assert.equal(patch(temporary, { temporaryHold: false }, 70).holdReleasedMs, undefined);
});

test('a time is rounded to the end of its millisecond', () => {
  const until = (retainUntilTime: string) => retentionOf({ mode: 'Locked', retainUntilTime })?.retainUntilMs;
  assert.equal(until('1970-01-01T00:00:01.0019Z'), 1_002);
  assert.equal(until('1970-01-01T00:00:01.001000001+00:00'), 1_002);
  assert.equal(until('1970-01-01T00:00:01.001000Z'), 1_001);
  assert.equal(until('1970-01-01T00:00:01.5Z'), 1_500);
  assert.equal(until('tomorrow'), undefined);
  assert.equal(retentionOf({ mode: 'locked', retainUntilTime: '1970-01-01T00:00:01Z' }), undefined);
  assert.equal(retentionOf(undefined), undefined);
});
