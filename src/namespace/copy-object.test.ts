import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { LAKE, type LakeFixture, lakeFixture, makeBucket } from '../../test/support/lake-fixture.ts';
import { streamOf } from '../../test/support/namespace-fixture.ts';
import type { NamedObject } from '../model/object.ts';
import type { CopyInput } from './copy-object.ts';
import { flatPlace, objectKey } from './rows/keys.ts';
import { encodeObjectRow } from './rows/object-row.ts';

const big = 'x'.repeat(500);

function request(from: string, to: string, more: Partial<CopyInput> = {}): CopyInput {
  return {
    source: { bucket: LAKE, name: from },
    sourcePreconditions: {},
    destination: { bucket: LAKE, name: to },
    preconditions: {},
    ...more,
  };
}

test('a copy shares bytes and attributes, and has a generation of its own', async () => {
  const fixture = await lakeFixture();
  for (const body of ['small', big, '']) {
    const attributes = { contentType: 'text/plain', metadata: { k: 'v' }, storageClass: 'COLDLINE' };
    const source = await fixture.put('a', body, { attributes });
    const copy = await fixture.namespace.copyObject(request('a', 'b'));
    assert.ok(copy.state.generation > source.state.generation);
    assert.equal(copy.state.metageneration, 1n);
    assert.deepEqual(copy.state.metadata, { k: 'v' });
    assert.equal(copy.state.storageClass, 'STANDARD');
    assert.deepEqual(copy.state.md5, source.state.md5);
    await fixture.remove('a');
    assert.equal(await fixture.readText('b'), body);
    await fixture.remove('b');
  }
});

test('a copy with attributes replaces all of them, and may go to another bucket or onto itself', async () => {
  const fixture = await lakeFixture();
  await makeBucket(fixture, 'other');
  await fixture.put('a', big, { attributes: { contentType: 'text/plain', metadata: { k: 'v' } } });
  const destination = { bucket: 'other', name: 'b' };
  const copy = await fixture.namespace.copyObject(
    request('a', '', { destination, attributes: { cacheControl: 'no-store' } }),
  );
  assert.equal(copy.state.contentType, undefined);
  assert.equal(copy.state.metadata, undefined);
  assert.equal(copy.state.cacheControl, 'no-store');
  assert.equal((await fixture.read(copy)).toString(), big);
  const again = await fixture.namespace.copyObject(request('a', 'a'));
  assert.equal((await fixture.read(again)).toString(), big);
  assert.deepEqual((await fixture.get('a')).state, again.state);
});

test('preconditions hold for source and destination apart', async () => {
  const fixture = await lakeFixture();
  const source = await fixture.put('a', 'x');
  await fixture.put('b', 'y');
  const copy = (more: Partial<CopyInput>) => fixture.namespace.copyObject(request('a', 'b', more));
  await assert.rejects(copy({ sourcePreconditions: { ifGenerationMatch: 1n } }), { code: 'preconditionFailed' });
  await assert.rejects(copy({ preconditions: { ifGenerationMatch: 0n } }), { code: 'preconditionFailed' });
  const other = { bucket: LAKE, name: 'a', generation: (await fixture.get('b')).state.generation };
  await assert.rejects(copy({ source: other }), { code: 'objectNotFound' });
  await copy({ sourcePreconditions: { ifGenerationMatch: source.state.generation } });
  assert.equal(await fixture.readText('b'), 'x');
});

test('a copy of content that is at the owner only brings the bytes here, and checks them', async () => {
  let served = big;
  const readThrough = { open: () => streamOf(served) };
  const fixture = await lakeFixture({ readThrough });
  const local = await fixture.put('a', big);
  const { id } = await fixture.namespace.getBucket({ name: LAKE, preconditions: {} });
  const remote = {
    published: { ...local.state, content: { kind: 'remote' as const } },
    applied: { kind: 'same' as const },
  };
  const key = objectKey(flatPlace(id, 'a'));
  await fixture.deps.metadata.commit({ checks: [], writes: [{ kind: 'put', key, value: encodeObjectRow(remote) }] });
  await fixture.namespace.copyObject(request('a', 'b'));
  served = '';
  assert.equal(await fixture.readText('b'), big);
  await assert.rejects(fixture.namespace.copyObject(request('a', 'c')), { code: 'corrupt' });
  served = 'y'.repeat(500);
  await assert.rejects(fixture.namespace.copyObject(request('a', 'c')), { code: 'unavailable' });
  await assert.rejects(fixture.get('c'), { code: 'objectNotFound' });
});

test('a move is one transaction: the source is gone when the destination is there', async () => {
  const fixture = await lakeFixture();
  await fixture.put('a', big, { attributes: { metadata: { k: 'v' }, storageClass: 'NEARLINE' } });
  const moved = await fixture.namespace.moveObject(request('a', 'b'));
  await assert.rejects(fixture.get('a'), { code: 'objectNotFound' });
  assert.equal(await fixture.readText('b'), big);
  assert.equal(moved.state.storageClass, 'NEARLINE');
  await assert.rejects(fixture.namespace.moveObject(request('b', 'b')), { code: 'invalidArgument' });
  await assert.rejects(fixture.namespace.moveObject(request('a', 'b')), { code: 'objectNotFound' });
  await fixture.put('a', 'x');
  const taken = request('a', 'b', { preconditions: { ifGenerationMatch: 0n } });
  await assert.rejects(fixture.namespace.moveObject(taken), { code: 'preconditionFailed' });
  assert.equal(await fixture.readText('a'), 'x');
});

test('of two moves of one source exactly one happens', async () => {
  const fixture = await lakeFixture();
  for (let round = 0; round < 20; round += 1) {
    await fixture.put('a', big);
    const moves = ['b', 'c'].map((to) => fixture.namespace.moveObject(request('a', `${to}${round}`)));
    const outcomes = await Promise.allSettled(moves);
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  }
});

function compose(
  fixture: LakeFixture,
  sources: readonly string[],
  more: Partial<Parameters<LakeFixture['namespace']['composeObject']>[0]> = {},
): Promise<NamedObject> {
  return fixture.namespace.composeObject({
    destination: { bucket: LAKE, name: 'whole' },
    attributes: {},
    preconditions: {},
    sources: sources.map((name) => ({ name })),
    deleteSources: false,
    ...more,
  });
}

test('a composition is the concatenation: size, CRC32C and component count add up, and there is no MD5', async () => {
  const fixture = await lakeFixture();
  const bodies = ['ab', big, '', 'y'.repeat(70)];
  for (const [index, body] of bodies.entries()) await fixture.put(`p${index}`, body);
  const whole = await compose(fixture, ['p0', 'p1', 'p2', 'p3', 'p0']);
  const expected = `${bodies.join('')}ab`;
  assert.equal(await fixture.readText('whole'), expected);
  assert.equal(whole.state.crc32c, crc32c(expected));
  assert.equal(whole.state.md5, undefined);
  assert.equal(whole.state.componentCount, 5);
  assert.equal((await fixture.read(whole, 1, 4)).toString(), expected.slice(1, 4));
  const onto = await compose(fixture, ['whole', 'p0']);
  assert.equal(onto.state.componentCount, 6);
  assert.equal(await fixture.readText('whole'), `${expected}ab`);
});

test('sources can be deleted with the composition, but not the destination', async () => {
  const fixture = await lakeFixture();
  await fixture.put('whole', 'a');
  await fixture.put('p', big);
  await compose(fixture, ['whole', 'p', 'p'], { deleteSources: true });
  await assert.rejects(fixture.get('p'), { code: 'objectNotFound' });
  assert.equal(await fixture.readText('whole'), `a${big}${big}`);
});

test('what a composition refuses', async () => {
  const fixture = await lakeFixture();
  const part = await fixture.put('p', 'x');
  await assert.rejects(compose(fixture, []), { code: 'invalidArgument' });
  await assert.rejects(compose(fixture, Array(33).fill('p')), { code: 'invalidArgument' });
  await assert.rejects(compose(fixture, ['p', 'none']), { code: 'objectNotFound' });
  const wrong = { sources: [{ name: 'p', ifGenerationMatch: 1n }] };
  await assert.rejects(compose(fixture, [], wrong), { code: 'preconditionFailed' });
  const right = {
    sources: [{ name: 'p', generation: part.state.generation, ifGenerationMatch: part.state.generation }],
  };
  await compose(fixture, [], right);
  await assert.rejects(compose(fixture, ['p'], { preconditions: { ifGenerationMatch: 0n } }), {
    code: 'preconditionFailed',
  });
});

test('compositions of compositions: past 32 segments on a page, past 1024 in one blob', async () => {
  const fixture = await lakeFixture();
  const expected: Record<string, string> = {};
  for (let index = 0; index < 32; index += 1) {
    const body = index % 2 === 0 ? `${index},` : `${index}:`.repeat(40);
    await fixture.put(`p${index}`, body);
    expected['level1'] = (expected['level1'] ?? '') + body;
  }
  const into = (name: string) => ({ destination: { bucket: LAKE, name } });
  const names = Array.from({ length: 32 }, (_, index) => `p${index}`);
  const level1 = await compose(fixture, names, into('level1'));
  assert.equal(level1.state.content.kind, 'local');
  const level2 = await compose(fixture, Array(32).fill('level1'), into('level2'));
  assert.ok(level2.state.content.kind === 'paged' && level2.state.content.segmentCount === 1_024);
  expected['level2'] = (expected['level1'] ?? '').repeat(32);
  assert.equal(await fixture.readText('level2'), expected['level2']);
  assert.equal((await fixture.read(level2, 1_000, 1_100)).toString(), expected['level2'].slice(1_000, 1_100));
  const level3 = await compose(fixture, ['level2', 'p0'], into('level3'));
  assert.ok(level3.state.content.kind === 'local' && level3.state.content.segments.length === 1);
  assert.equal(level3.state.componentCount, 1_025);
  assert.equal(await fixture.readText('level3'), `${expected['level2']}0,`);
  assert.equal(level3.state.crc32c, crc32c(`${expected['level2']}0,`));
  await fixture.namespace.copyObject(request('level2', 'copy'));
  for (const name of ['level1', 'level2', ...names]) await fixture.remove(name);
  assert.equal(await fixture.readText('copy'), expected['level2']);
});
