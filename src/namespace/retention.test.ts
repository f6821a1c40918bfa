import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, type LakeFixture, lakeFixture } from '../../test/support/lake-fixture.ts';

type Settings = Record<string, unknown>;

const configure = ({ namespace }: LakeFixture, settings: Settings) =>
  namespace.changeBucket({
    name: LAKE,
    preconditions: {},
    change: (bucket) => ({ storageClass: bucket.storageClass, settings: { ...bucket.settings, ...settings } }),
  });

const NOT_MET = { code: 'permissionDenied', details: { reason: 'retentionPolicyNotMet' } };

test('until its retention is over a version is neither deleted, replaced nor moved; then it is', async () => {
  const fixture = await lakeFixture();
  const { namespace, put, remove, readText, pass } = fixture;
  await configure(fixture, { retentionPolicy: { retentionPeriod: '60' } });
  await put('a', 'one');
  await put('b', 'other');
  const copy = (source: string, name: string) => ({
    source: { bucket: LAKE, name: source },
    destination: { bucket: LAKE, name },
    preconditions: {},
    sourcePreconditions: {},
  });
  await assert.rejects(remove('a'), NOT_MET);
  await assert.rejects(put('a', 'two'), NOT_MET);
  await assert.rejects(namespace.copyObject(copy('b', 'a')), NOT_MET);
  await assert.rejects(namespace.moveObject(copy('a', 'c')), NOT_MET);
  assert.equal(await readText('a'), 'one');
  pass(59_999);
  await assert.rejects(remove('a'), NOT_MET);
  pass(1);
  await put('a', 'two');
  await assert.rejects(remove('a'), NOT_MET, 'a new version has a time of its own');
  await remove('b');
});

test('where versioning keeps it, a version may be replaced, and none may be deleted for good', async () => {
  const fixture = await lakeFixture();
  const { namespace, put, pass } = fixture;
  await configure(fixture, { retentionPolicy: { retentionPeriod: '60' }, versioning: { enabled: true } });
  const first = await put('a', 'one');
  await put('a', 'two');
  const address = { bucket: LAKE, name: 'a', generation: first.state.generation };
  await assert.rejects(namespace.deleteObject({ address, preconditions: {} }), NOT_MET);
  pass(60_000);
  await namespace.deleteObject({ address, preconditions: {} });
});

test('a locked policy may grow, and is neither reduced nor removed', async () => {
  const fixture = await lakeFixture();
  const { namespace, pass, deps } = fixture;
  const lock = () => namespace.lockRetentionPolicy({ name: LAKE, preconditions: {} });
  await assert.rejects(lock(), { code: 'invalidArgument' });
  const effectiveTime = new Date(deps.clock.nowMs()).toISOString();
  await configure(fixture, { retentionPolicy: { retentionPeriod: '60' } });
  pass(1_000);
  const locked = await lock();
  assert.deepEqual(locked.settings['retentionPolicy'], { retentionPeriod: '60', effectiveTime, isLocked: true });
  await assert.rejects(configure(fixture, { retentionPolicy: { retentionPeriod: '59' } }), {
    code: 'permissionDenied',
  });
  await assert.rejects(configure(fixture, { retentionPolicy: undefined }), { code: 'permissionDenied' });
  const grown = await configure(fixture, { retentionPolicy: { retentionPeriod: '61' } });
  const later = new Date(deps.clock.nowMs()).toISOString();
  assert.deepEqual(grown.settings['retentionPolicy'], {
    retentionPeriod: '61',
    effectiveTime: later,
    isLocked: true,
  });
  for (const retentionPeriod of ['0', '-1', '1.5', 'x', '3155760001']) {
    await assert.rejects(configure(fixture, { retentionPolicy: { retentionPeriod } }), { code: 'invalidArgument' });
  }
});
