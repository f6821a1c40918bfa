import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { LAKE, lakeFixture, targetOf } from '../../test/support/lake-fixture.ts';
import { brokenStream } from '../../test/support/namespace-fixture.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { InsertTarget } from './insert-object.ts';
import { decodeJournal } from './rows/journal.ts';
import { loadState } from './rows/object-row.ts';

const big = 'x'.repeat(1_000);

test('an inserted object is read back with its checksums, small and large', async () => {
  const fixture = await lakeFixture();
  for (const body of ['', 'abc', big]) {
    const made = await fixture.put('a', body, { attributes: { contentType: 'text/plain', metadata: { k: 'v' } } });
    const found = await fixture.get('a');
    assert.deepEqual(found.state, made.state);
    assert.equal(found.state.crc32c, crc32c(body));
    assert.deepEqual(Buffer.from(found.state.md5 ?? []), createHash('md5').update(body).digest());
    assert.equal(found.state.size, body.length);
    assert.equal(found.state.metageneration, 1n);
    assert.equal(found.state.storageClass, 'STANDARD');
    assert.deepEqual(found.state.metadata, { k: 'v' });
    assert.equal((await fixture.read(found)).toString(), body);
    if (body.length > 2) assert.equal((await fixture.read(found, 1, 3)).toString(), body.slice(1, 3));
  }
});

test('each insert takes a new generation, also after a delete and when the clock goes back', async () => {
  const fixture = await lakeFixture();
  const first = await fixture.put('a', 'one');
  fixture.pass(-10_000);
  const second = await fixture.put('a', 'two');
  assert.ok(second.state.generation > first.state.generation);
  await fixture.namespace.deleteObject({ address: { bucket: LAKE, name: 'a' }, preconditions: {} });
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
  const third = await fixture.put('a', 'three', { preconditions: { ifGenerationMatch: 0n } });
  assert.ok(third.state.generation > second.state.generation);
});

test('preconditions of a write: match fails as 412, not-match as 304', async () => {
  const fixture = await lakeFixture();
  const insert = (preconditions: Preconditions) => fixture.put('a', 'x', { preconditions });
  await assert.rejects(insert({ ifGenerationMatch: 5n }), { code: 'preconditionFailed' });
  await assert.rejects(insert({ ifGenerationNotMatch: 0n }), { code: 'notModified' });
  await assert.rejects(insert({ ifMetagenerationMatch: 1n }), { code: 'preconditionFailed' });
  const { generation } = (await insert({ ifGenerationMatch: 0n })).state;
  await assert.rejects(insert({ ifGenerationMatch: 0n }), { code: 'preconditionFailed' });
  await assert.rejects(insert({ ifGenerationNotMatch: generation }), { code: 'notModified' });
  await insert({ ifGenerationNotMatch: 0n, ifMetagenerationMatch: 1n });
});

test('a wrong declared checksum or size is refused and leaves nothing behind', async () => {
  const fixture = await lakeFixture();
  for (const body of ['abc', big]) {
    const wrongMd5 = { expected: { md5: new Uint8Array(16) } };
    await assert.rejects(fixture.put('a', body, { expected: { crc32c: 1 } }), { code: 'checksumMismatch' });
    await assert.rejects(fixture.put('a', body, wrongMd5), { code: 'checksumMismatch' });
    await assert.rejects(fixture.put('a', body, { expected: { size: 7 } }), { code: 'invalidArgument' });
    await fixture.put('right', body, { expected: { crc32c: crc32c(body), size: body.length } });
  }
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
  assert.equal((await Array.fromAsync(fixture.deps.blobs.listBlobs())).length, 1);
});

test('a body that breaks off makes no object', async () => {
  const fixture = await lakeFixture();
  for (const body of ['ab', big]) {
    const broken = fixture.namespace.insertObject({ target: targetOf('a'), body: brokenStream(body) });
    await assert.rejects(broken, /reset/);
  }
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
  assert.deepEqual(await Array.fromAsync(fixture.deps.blobs.listBlobs()), []);
  assert.deepEqual(await Array.fromAsync(fixture.deps.blobs.listStaging()), []);
});

test('a refusal known beforehand leaves the body unread', async () => {
  const fixture = await lakeFixture();
  const body = {
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
      throw new Error('the body was read');
    },
  };
  const insert = (more: Partial<InsertTarget>) => fixture.namespace.insertObject({ target: targetOf('a', more), body });
  await assert.rejects(insert({ bucket: 'none-such' }), { code: 'bucketNotFound' });
  await assert.rejects(insert({ name: 'a\nb' }), { code: 'invalidArgument' });
  await assert.rejects(insert({ attributes: { metadata: { k: 'v'.repeat(9_000) } } }), { code: 'invalidArgument' });
  await assert.rejects(insert({ preconditions: { ifGenerationMatch: 1n } }), { code: 'preconditionFailed' });
});

test('a reader goes on reading what it opened after an overwrite and a delete', async () => {
  const fixture = await lakeFixture();
  const old = await fixture.put('a', big);
  await fixture.put('a', 'new');
  await fixture.namespace.deleteObject({ address: { bucket: LAKE, name: 'a' }, preconditions: {} });
  assert.equal((await fixture.read(old)).toString(), big);
});

test('a range outside the object is refused', async () => {
  const fixture = await lakeFixture();
  const object = await fixture.put('a', 'abc');
  await assert.rejects(fixture.read(object, 0, 4), { code: 'rangeNotSatisfiable' });
  assert.equal((await fixture.read(object, 3, 3)).length, 0);
});

test('a patch keeps the generation and raises the metageneration', async () => {
  const fixture = await lakeFixture();
  const made = await fixture.put('a', 'abc', { attributes: { metadata: { a: '1' }, customTimeMs: 5 } });
  fixture.pass(1_000);
  const change = (preconditions: Preconditions, customTimeMs: number) =>
    fixture.namespace.changeObject({
      address: { bucket: LAKE, name: 'a' },
      preconditions,
      change: (current) => ({ ...current, metadata: { ...current.metadata, b: '2' }, customTimeMs }),
    });
  const changed = await change({ ifMetagenerationMatch: 1n }, 6);
  assert.equal(changed.state.generation, made.state.generation);
  assert.equal(changed.state.metageneration, 2n);
  assert.deepEqual(changed.state.metadata, { a: '1', b: '2' });
  assert.equal(changed.state.timeCreatedMs, made.state.timeCreatedMs);
  assert.equal(changed.state.updatedMs, made.state.updatedMs + 1_000);
  assert.equal(changed.state.timeStorageClassUpdatedMs, made.state.timeStorageClassUpdatedMs);
  assert.deepEqual((await fixture.get('a')).state, changed.state);
  await assert.rejects(change({ ifMetagenerationMatch: 1n }, 6), { code: 'preconditionFailed' });
  await assert.rejects(change({}, 5), { code: 'invalidArgument' });
  assert.equal((await fixture.read(changed)).toString(), 'abc');
});

test('an address with a generation means that generation or nothing', async () => {
  const fixture = await lakeFixture();
  const old = await fixture.put('a', 'abc');
  const { generation } = (await fixture.put('a', 'abd')).state;
  const address = (one: typeof generation) => ({ bucket: LAKE, name: 'a', generation: one });
  const { namespace } = fixture;
  await namespace.getObject({ address: address(generation), preconditions: {} });
  const stale = { address: address(old.state.generation), preconditions: {} };
  await assert.rejects(namespace.getObject(stale), { code: 'objectNotFound' });
  await assert.rejects(namespace.deleteObject(stale), { code: 'objectNotFound' });
  await namespace.deleteObject({ address: address(generation), preconditions: {} });
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
});

test('an object under a hold is neither overwritten nor deleted', async () => {
  const fixture = await lakeFixture();
  await fixture.put('a', 'abc', { attributes: { temporaryHold: true } });
  await assert.rejects(fixture.put('a', 'x'), { code: 'permissionDenied' });
  const address = { bucket: LAKE, name: 'a' };
  await assert.rejects(fixture.namespace.deleteObject({ address, preconditions: {} }), { code: 'permissionDenied' });
  await fixture.namespace.changeObject({ address, preconditions: {}, change: ({ temporaryHold: _, ...rest }) => rest });
  await fixture.put('a', 'x');
});

test('many writers to one name: each gets through, generations differ, the last one stays', async () => {
  const fixture = await lakeFixture();
  const made = await Promise.all(Array.from({ length: 40 }, (_, index) => fixture.put('a', `${index}`)));
  const generations = made.map(({ state }) => state.generation);
  assert.equal(new Set(generations).size, 40);
  const { generation } = (await fixture.get('a')).state;
  assert.ok(generations.every((one) => one <= generation));
});

test('of many creators of one name exactly one succeeds', async () => {
  const fixture = await lakeFixture();
  const create = (index: number) => fixture.put('a', `${index}`, { preconditions: { ifGenerationMatch: 0n } });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => create(index)));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('every mutation is in the journal of the bucket, in order, with what a replay needs', async () => {
  const fixture = await lakeFixture();
  const { deps, namespace } = fixture;
  const made = await fixture.put('a', 'abc', { attributes: { contentType: 'text/plain' } });
  await namespace.changeObject({ address: { bucket: LAKE, name: 'a' }, preconditions: {}, change: (now) => now });
  await namespace.deleteObject({ address: { bucket: LAKE, name: 'a' }, preconditions: {} });
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  assert.equal(await deps.metadata.head(bucket.scopeId), 4n);
  const stop = new AbortController();
  const lines: string[] = [];
  for await (const { seq, value } of deps.metadata.tail(bucket.scopeId, 0n, stop.signal)) {
    const { record, generation } = decodeJournal(value);
    lines.push(`${seq} ${record.op} ${generation === made.state.generation} `);
    if (record.op === 'insert' && record.state !== undefined) {
      assert.deepEqual(loadState(record.state, generation), { ...made.state, content: { kind: 'remote' } });
    }
    if (seq === 4n) stop.abort();
  }
  assert.deepEqual(lines, ['1 bucketInsert false ', '2 insert true ', '3 patch true ', '4 delete true ']);
});
