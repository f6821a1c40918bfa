/**
 * The contract of `src/remotes/port.ts` as a suite. A harness gives a remote and a way to change what it holds; the
 * same tests run against every adapter.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { isStraitError } from '../../src/model/errors.ts';
import { type Generation, generation } from '../../src/model/ids.ts';
import type { ObjectAttributes } from '../../src/model/object.ts';
import type { ListRequest, ReadRequest, Remote, RemoteObject } from '../../src/remotes/port.ts';

export interface RemoteHarness {
  readonly remote: Remote;
  createBucket(name: string): Promise<void>;
  put(bucket: string, name: string, bytes: Uint8Array, attributes?: ObjectAttributes): Promise<void>;
  patch(bucket: string, name: string, attributes: ObjectAttributes): Promise<void>;
  delete(bucket: string, name: string): Promise<void>;
  close(): Promise<void>;
}

const signal = new AbortController().signal;
const bytesOf = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + 7) % 251));

/** Legal names that a careless client mangles: never paths, compared as UTF-8. */
export const AWKWARD_NAMES = [
  ' leading and trailing ',
  '!#$&\'()*+,:;=?@[]"<>\\^`{|}~%',
  '%2F%00%25',
  'a',
  'a b/c+d&e=f?g#h',
  'a/',
  'a/../b',
  'a/./b',
  'a//b',
  'a/b',
  '..x',
  'tab\tname',
  'é/ü',
  '\u{e000}',
  '\u{ffef}',
  '\u{1f600}',
];

async function listAll(remote: Remote, bucket: string, request: ListRequest): Promise<readonly RemoteObject[]> {
  const all: RemoteObject[] = [];
  let pageToken: string | undefined;
  do {
    const page = await remote.listObjects(
      bucket,
      { ...request, ...(pageToken !== undefined && { pageToken }) },
      signal,
    );
    all.push(...page.objects);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return all;
}

async function readAll(remote: Remote, request: ReadRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of remote.readRange(request, signal)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

const byUtf8 = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

export function remoteContract(adapter: string, open: () => Promise<RemoteHarness>): void {
  describe(`remote contract: ${adapter}`, () => {
    let harness: RemoteHarness;
    before(async () => {
      harness = await open();
      await harness.createBucket('lake');
      await harness.createBucket('names');
      for (const name of AWKWARD_NAMES) await harness.put('names', name, Buffer.from(name));
    });
    after(async () => await harness.close());

    const read = (name: string, generationRead: Generation, end: number, start = 0) =>
      readAll(harness.remote, { bucket: 'lake', name, generation: generationRead, range: { start, end } });
    const required = async (name: string, bucket = 'lake') => {
      const object = await harness.remote.getObject(bucket, name, signal);
      assert.ok(object, `${name} is there`);
      return object;
    };

    test('buckets are listed and got; an absent one is undefined', async () => {
      const names = (await harness.remote.listBuckets(signal)).map(({ name }) => name);
      assert.deepEqual(names.toSorted(), ['lake', 'names']);
      const bucket = await harness.remote.getBucket('lake', signal);
      assert.equal(bucket?.resource['name'], 'lake');
      assert.equal(await harness.remote.getBucket('absent', signal), undefined);
    });

    test('a resource is told as it is, and so is that it is not there', async () => {
      const there = await harness.remote.getResource({ path: ['b', 'lake'], query: [] }, signal);
      assert.equal(there.status, 200);
      assert.deepEqual(there.resource, (await harness.remote.getBucket('lake', signal))?.resource);
      const { status, resource } = await harness.remote.getResource({ path: ['b', 'no/b?x'], query: [] }, signal);
      assert.equal(status, 404);
      assert.equal(Object(resource['error'])['code'], 404);
    });

    test('versions are listed with the live ones among them, in order and by pages', async () => {
      const listed: RemoteObject[] = [];
      let pageToken: string | undefined;
      do {
        const request = { maxResults: 5, ...(pageToken !== undefined && { pageToken }) };
        const page = await harness.remote.listPage('names', request, signal);
        assert.deepEqual(page.prefixes, []);
        listed.push(...page.objects);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      assert.deepEqual(listed, await listAll(harness.remote, 'names', {}));
      await assert.rejects(harness.remote.listPage('absent', {}, signal), (error) =>
        isStraitError(error, 'bucketNotFound'),
      );
    });

    test('an absent object is undefined; listing an absent bucket is bucketNotFound', async () => {
      assert.equal(await harness.remote.getObject('lake', 'absent', signal), undefined);
      await assert.rejects(harness.remote.listObjects('absent', {}, signal), (error) =>
        isStraitError(error, 'bucketNotFound'),
      );
    });

    test('an object is described as its owner has it', async () => {
      const bytes = bytesOf(1000);
      const attributes = { contentType: 'text/plain', cacheControl: 'no-store', metadata: { Team: 'Größe', x: '' } };
      await harness.put('lake', 'described', bytes, attributes);
      const { name, state } = await required('described');
      assert.equal(name, 'described');
      assert.equal(state.size, 1000);
      assert.equal(state.crc32c, crc32c(bytes));
      assert.equal(state.md5?.length, 16);
      assert.equal(state.metageneration, 1n);
      assert.ok(state.generation > 0n && state.timeCreatedMs > 0 && state.updatedMs >= state.timeCreatedMs);
      assert.ok(state.etag !== undefined && state.etag !== '');
      assert.deepEqual(state.content, { kind: 'remote' });
      assert.deepEqual({ ...state.metadata }, attributes.metadata);
      assert.equal(state.contentType, 'text/plain');
      assert.equal(state.cacheControl, 'no-store');
      const [listed] = await listAll(harness.remote, 'lake', { prefix: 'described' });
      assert.deepEqual(listed?.state, state, 'a listing says the same as a get');
    });

    test('a patch keeps the generation and raises the metageneration', async () => {
      await harness.put('lake', 'patched', bytesOf(10));
      const before = await required('patched');
      await harness.patch('lake', 'patched', { contentType: 'text/csv' });
      const after = await required('patched');
      assert.equal(after.state.generation, before.state.generation);
      assert.equal(after.state.metageneration, before.state.metageneration + 1n);
      assert.equal(after.state.contentType, 'text/csv');
    });

    test('awkward names come back as they are, in UTF-8 order, each with its own bytes', async () => {
      const listed = await listAll(harness.remote, 'names', { maxResults: 3 });
      assert.deepEqual(
        listed.map(({ name }) => name),
        AWKWARD_NAMES.toSorted(byUtf8),
      );
      for (const { name, state } of listed) {
        assert.equal((await required(name, 'names')).state.generation, state.generation, name);
        const range = { start: 0, end: state.size };
        const bytes = await readAll(harness.remote, { bucket: 'names', name, generation: state.generation, range });
        assert.equal(bytes.toString(), name);
      }
    });

    test('prefix, startOffset (inclusive), endOffset (exclusive) and pages', async () => {
      const names = async (request: ListRequest) =>
        (await listAll(harness.remote, 'names', request)).map(({ name }) => name);
      const sorted = AWKWARD_NAMES.toSorted(byUtf8);
      for (const prefix of ['a', 'a/', 'é', '%', 'none']) {
        assert.deepEqual(
          await names({ prefix, maxResults: 2 }),
          sorted.filter((name) => name.startsWith(prefix)),
        );
      }
      const between = sorted.filter((name) => byUtf8(name, 'a/b') >= 0 && byUtf8(name, '\u{e000}') < 0);
      assert.deepEqual(await names({ startOffset: 'a/b', endOffset: '\u{e000}', maxResults: 1 }), between);
    });

    test('ranges are exact', async () => {
      const bytes = bytesOf(300_000);
      await harness.put('lake', 'ranged', bytes);
      const { state } = await required('ranged');
      for (const [start, end] of [
        [0, 300_000],
        [0, 1],
        [299_999, 300_000],
        [65_535, 65_537],
        [100, 200_000],
      ] as const) {
        const got = await read('ranged', state.generation, end, start);
        assert.ok(got.equals(bytes.subarray(start, end)), `${start}-${end}`);
      }
      assert.equal((await read('ranged', state.generation, 5, 5)).length, 0, 'an empty range');
      await assert.rejects(read('ranged', state.generation, 300_001), (error) =>
        isStraitError(error, 'rangeNotSatisfiable'),
      );
    });

    test('an empty object reads as nothing', async () => {
      await harness.put('lake', 'empty', Buffer.alloc(0));
      const { state } = await required('empty');
      assert.equal(state.size, 0);
      assert.equal((await read('empty', state.generation, 0)).length, 0);
    });

    test('only the asked generation is read: an overwritten or deleted one is objectNotFound', async () => {
      await harness.put('lake', 'rewritten', Buffer.from('first'));
      const first = (await required('rewritten')).state.generation;
      await harness.put('lake', 'rewritten', Buffer.from('other'));
      const second = (await required('rewritten')).state.generation;
      assert.notEqual(first, second);
      const gone = (error: unknown) => isStraitError(error, 'objectNotFound');
      await assert.rejects(read('rewritten', first, 5), gone);
      assert.equal((await read('rewritten', second, 5)).toString(), 'other');
      await harness.delete('lake', 'rewritten');
      await assert.rejects(read('rewritten', second, 5), gone);
      await assert.rejects(read('never there', generation(1n), 5), gone);
    });

    test('gzip-encoded content arrives as stored', async () => {
      const bytes = Buffer.from('1f8b0800000000000003cb48cdc9c9070086a6103605000000', 'hex');
      await harness.put('lake', 'zipped', bytes, { contentEncoding: 'gzip', contentType: 'text/plain' });
      const { state } = await required('zipped');
      assert.equal(state.contentEncoding, 'gzip');
      assert.equal(state.size, bytes.length);
      assert.ok((await read('zipped', state.generation, bytes.length)).equals(bytes));
      assert.ok((await read('zipped', state.generation, 9, 3)).equals(bytes.subarray(3, 9)));
    });

    test('every call is counted; an aborted signal ends a call with its reason', async () => {
      const before = harness.remote.callCount();
      await harness.remote.getObject('lake', 'absent', signal);
      assert.equal(harness.remote.callCount(), before + 1);
      const reason = new Error('enough');
      await assert.rejects(harness.remote.getObject('lake', 'absent', AbortSignal.abort(reason)), reason);
    });
  });
}
