import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { LAKE, type LakeFixture, lakeFixture, makeBucket, targetOf } from '../../test/support/lake-fixture.ts';
import { brokenStream, streamOf } from '../../test/support/namespace-fixture.ts';
import type { InsertTarget } from './insert-object.ts';
import { CHUNK_UNIT_BYTES, planChunk } from './rules/upload-chunk.ts';
import type { UploadChunk } from './uploads.ts';

const UNIT = CHUNK_UNIT_BYTES;
const text = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index % 251));

async function session(more: Partial<InsertTarget> = {}, parts: Parameters<typeof lakeFixture>[0] = {}) {
  const fixture = await lakeFixture(parts);
  const { uploadId } = await fixture.namespace.startUpload(targetOf('a', more));
  const send = (offset: number, body: Uint8Array | AsyncIterable<Uint8Array>, range: Partial<UploadChunk> = {}) =>
    fixture.namespace.appendUpload({
      uploadId,
      offset,
      body: body instanceof Uint8Array ? streamOf(body) : body,
      ...range,
    });
  return { ...fixture, uploadId, send, status: () => fixture.namespace.uploadStatus(uploadId) };
}

const stored = async ({ deps }: LakeFixture) => ({
  blobs: (await Array.fromAsync(deps.blobs.listBlobs())).length,
  stagings: (await Array.fromAsync(deps.blobs.listStaging())).length,
});

test('chunk by chunk, with the status between, and the same answer when the end is repeated', async () => {
  const { send, status, readText, get } = await session();
  const whole = text(2 * UNIT + 100);
  const total = whole.length;
  assert.deepEqual(await status(), { kind: 'open', persisted: 0 });
  assert.deepEqual(await send(0, whole.subarray(0, UNIT), { end: UNIT }), { kind: 'open', persisted: UNIT });
  assert.deepEqual(await status(), { kind: 'open', persisted: UNIT });
  const second = { end: 2 * UNIT, total };
  assert.deepEqual(await send(UNIT, whole.subarray(UNIT, 2 * UNIT), second), { kind: 'open', persisted: 2 * UNIT });
  await assert.rejects(get('a'), { code: 'objectNotFound' });
  const last = await send(2 * UNIT, whole.subarray(2 * UNIT), { end: total, total });
  assert.ok(last.kind === 'finished' && last.object.state.crc32c === crc32c(whole));
  assert.deepEqual(await status(), last);
  assert.deepEqual(await send(2 * UNIT, whole.subarray(2 * UNIT), { end: total, total }), last);
  assert.equal(await readText('a'), whole.toString());
});

test('the answer of a finished session is the object it made, even when that is overwritten', async () => {
  const { send, status, put } = await session();
  const made = await send(0, text(10), { total: 10 });
  await put('a', 'other');
  assert.deepEqual(await status(), made);
});

test('one request of unknown length ends where its body ends, large or small', async () => {
  for (const length of [0, 10, 1_000]) {
    const fixture = await session();
    const { send, readText } = fixture;
    const finished = await send(0, text(length));
    assert.ok(finished.kind === 'finished' && finished.object.state.size === length);
    assert.equal(await readText('a'), text(length).toString());
    assert.deepEqual(await stored(fixture), { blobs: length > 64 ? 1 : 0, stagings: 0 });
  }
});

test('bytes sent again below the persisted offset are skipped; a gap is refused with 503', async () => {
  const { send, readText } = await session();
  const whole = text(UNIT + 50);
  await send(0, whole.subarray(0, UNIT), { end: UNIT });
  await assert.rejects(send(UNIT + 1, whole.subarray(UNIT + 1), { total: UNIT + 50 }), { code: 'unavailable' });
  const finished = await send(10, whole.subarray(10), { total: UNIT + 50 });
  assert.equal(finished.kind, 'finished');
  assert.equal(await readText('a'), whole.toString());
});

test('a chunk that is not the last is kept in whole multiples of 256 KiB', async () => {
  const { send } = await session();
  const body = text(UNIT + 1_000);
  assert.deepEqual(await send(0, body.subarray(0, 100), { end: 100 }), { kind: 'open', persisted: 0 });
  assert.deepEqual(await send(0, body, { end: body.length }), { kind: 'open', persisted: UNIT });
  const finished = await send(UNIT, body.subarray(UNIT), { total: body.length });
  assert.ok(finished.kind === 'finished' && finished.object.state.crc32c === crc32c(body));
});

test('a client that breaks off leaves what was durable, and goes on from there', async () => {
  const fixture = await session();
  const { send, status, readText } = fixture;
  const whole = text(UNIT);
  await assert.rejects(send(0, brokenStream(whole.subarray(0, 1_000)), { total: UNIT }), /reset/);
  assert.deepEqual(await status(), { kind: 'open', persisted: 1_000 });
  await assert.rejects(send(0, brokenStream(), { total: UNIT }), /reset/);
  assert.deepEqual(await status(), { kind: 'open', persisted: 1_000 });
  assert.deepEqual(await send(1_000, whole.subarray(1_000, 5_000), { total: UNIT }), {
    kind: 'open',
    persisted: 5_000,
  });
  assert.equal((await send(5_000, whole.subarray(5_000), { total: UNIT })).kind, 'finished');
  assert.equal(await readText('a'), whole.toString());
  assert.deepEqual(await stored(fixture), { blobs: 1, stagings: 0 });
});

test('a request with nothing but the total ends an upload all of whose bytes are there', async () => {
  const { send, readText } = await session();
  await send(0, text(UNIT), { end: UNIT });
  assert.equal((await send(UNIT, text(0), { total: UNIT })).kind, 'finished');
  assert.equal(await readText('a'), text(UNIT).toString());
});

test('contradictions are refused and change nothing', async () => {
  const { send, status } = await session({ expected: { size: UNIT } });
  await assert.rejects(send(0, text(10), { total: 10 }), { code: 'invalidArgument' });
  await assert.rejects(send(0, text(10), { end: UNIT + 1 }), { code: 'invalidArgument' });
  await assert.rejects(send(5, text(10), { end: 4 }), { code: 'invalidArgument' });
  assert.deepEqual(await status(), { kind: 'open', persisted: 0 });
  await assert.rejects(send(0, text(UNIT - 1), { total: UNIT + 1 }), { code: 'invalidArgument' });
  assert.deepEqual(await status(), { kind: 'open', persisted: 0 });
  // All that the session was started for is persisted, whatever came behind it.
  await assert.rejects(send(0, text(UNIT + 1), { total: UNIT }), { code: 'invalidArgument' });
  assert.equal((await status()).kind, 'finished');
});

test('preconditions are judged when the upload ends, and a refusal is repeated', async () => {
  for (const length of [10, 1_000]) {
    const fixture = await session({ preconditions: { ifGenerationMatch: 0n } });
    const { send, status, put, readText } = fixture;
    await put('a', 'first');
    const refusal = { code: 'preconditionFailed' };
    await assert.rejects(send(0, text(length), { total: length }), refusal);
    await assert.rejects(send(0, text(length), { total: length }), refusal);
    await assert.rejects(status(), refusal);
    assert.equal(await readText('a'), 'first');
    assert.deepEqual(await stored(fixture), { blobs: 0, stagings: 0 });
  }
});

test('wrong checksums fail the upload, whether declared at the start or at the end', async () => {
  for (const length of [10, 1_000]) {
    const atStart = await session({ expected: { crc32c: 1 } });
    await assert.rejects(atStart.send(0, text(length), { total: length }), { code: 'checksumMismatch' });
    await assert.rejects(atStart.get('a'), { code: 'objectNotFound' });
    const atEnd = await session();
    const expected = { md5: new Uint8Array(16) };
    await assert.rejects(atEnd.send(0, text(length), { total: length, expected }), { code: 'checksumMismatch' });
    await assert.rejects(atEnd.status(), { code: 'checksumMismatch' });
    assert.deepEqual(await stored(atEnd), { blobs: 0, stagings: 0 });
    const right = await session();
    const sums = { crc32c: crc32c(text(length)) };
    assert.equal((await right.send(0, text(length), { total: length, expected: sums })).kind, 'finished');
  }
});

test('a cancelled session is over, and its bytes are gone', async () => {
  const fixture = await session();
  const { namespace, uploadId, send, status } = fixture;
  await send(0, text(UNIT), { end: UNIT });
  await namespace.cancelUpload(uploadId);
  await assert.rejects(status(), { code: 'uploadGone' });
  await assert.rejects(send(UNIT, text(1), { total: UNIT + 1 }), { code: 'uploadGone' });
  assert.deepEqual(await stored(fixture), { blobs: 0, stagings: 0 });
  await assert.rejects(namespace.cancelUpload('f'.repeat(64)), { code: 'uploadNotFound' });
  await assert.rejects(namespace.uploadStatus('../x'), { code: 'uploadNotFound' });
});

test('a session nobody touches is over after its time; one in use is not', async () => {
  const { status, send, pass } = await session({}, { settings: { uploadTtlMs: 1_000 } });
  await send(0, text(UNIT), { end: UNIT });
  pass(900);
  await send(UNIT, text(UNIT), { end: 2 * UNIT });
  pass(900);
  assert.deepEqual(await status(), { kind: 'open', persisted: 2 * UNIT });
  pass(200);
  await assert.rejects(status(), { code: 'uploadGone' });
});

test('an upload to a bucket that was deleted and made again does not end up in the new one', async () => {
  const fixture = await session();
  await fixture.namespace.deleteBucket({ name: LAKE, preconditions: {} });
  await makeBucket(fixture, LAKE);
  await assert.rejects(fixture.send(0, text(10), { total: 10 }), { code: 'bucketNotFound' });
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
});

test('two requests that finish one session at once get the same object', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { send, status } = await session();
    await send(0, text(UNIT), { end: UNIT });
    const ends = [0, 1].map(() => send(UNIT, text(0), { total: UNIT }));
    const [first, second] = await Promise.all(ends);
    assert.deepEqual(first, second);
    assert.deepEqual(await status(), first);
  }
});

test('a crash behind the last durable byte: a client that asks without a total gets the object, once', async () => {
  const crash = new Error('crash');
  for (const stated of ['at the start', 'with the last chunk'] as const) {
    let isArmed = true;
    const crashPoints = {
      reach(point: string) {
        if (point === 'upload.before-seal' && isArmed) throw crash;
      },
    };
    const whole = text(2 * UNIT + 100);
    const total = whole.length;
    const fixture = await session(stated === 'at the start' ? { expected: { size: total } } : {}, { crashPoints });
    const { send, status, readText } = fixture;
    await send(0, whole.subarray(0, UNIT), { end: UNIT });
    assert.deepEqual(await status(), { kind: 'open', persisted: UNIT });
    await assert.rejects(send(UNIT, whole.subarray(UNIT), { end: total, total }), crash);
    isArmed = false;
    const [one, other] = await Promise.all([status(), status()]);
    assert.ok(one.kind === 'finished' && one.object.state.size === total, `total stated ${stated}`);
    assert.deepEqual(other, one);
    assert.deepEqual(await status(), one);
    assert.equal(await readText('a'), whole.toString());
    assert.deepEqual(await stored(fixture), { blobs: 1, stagings: 0 });
  }
});

test('a crash between the last byte and the commit: whoever asks next finishes the upload', async () => {
  const crash = new Error('crash');
  const crashPoints = {
    reach(point: string) {
      if (point === 'upload.after-seal') throw crash;
    },
  };
  const sums = { crc32c: crc32c(text(UNIT)) };
  for (const expected of [sums, { crc32c: 1 }]) {
    const { send, status } = await session({}, { crashPoints });
    await assert.rejects(send(0, text(UNIT), { total: UNIT, expected }), crash);
    if (expected === sums) assert.equal((await status()).kind, 'finished');
    // The checksum declared with the request that crashed is not forgotten.
    else await assert.rejects(status(), { code: 'checksumMismatch' });
  }
});

test('after a client broke off between units, a chunk of one unit is kept whole', async () => {
  const { send, readText } = await session();
  const whole = text(2 * UNIT + 10);
  await assert.rejects(send(0, brokenStream(whole.subarray(0, UNIT + 1_000)), { end: 2 * UNIT }), /reset/);
  const again = await send(UNIT, whole.subarray(UNIT, 2 * UNIT), { end: 2 * UNIT });
  assert.deepEqual(again, { kind: 'open', persisted: 2 * UNIT });
  await send(2 * UNIT, whole.subarray(2 * UNIT), { total: whole.length });
  assert.equal(await readText('a'), whole.toString());
});

test('plans of chunks', () => {
  const session0 = { persisted: 0, declaredSize: undefined };
  assert.deepEqual(planChunk({ offset: 0, end: UNIT }, session0), {
    persisted: 0,
    skip: 0,
    take: UNIT,
    bodyMax: UNIT,
    isLast: false,
  });
  const last = planChunk({ offset: 5, total: 20 }, { persisted: 10, declaredSize: 20 });
  assert.deepEqual(last, { persisted: 10, skip: 5, take: 10, bodyMax: 15, isLast: true, total: 20 });
  assert.throws(() => planChunk({ offset: 0, total: 5 }, { persisted: 10, declaredSize: undefined }));
});
