/** Google's client for Node, unmodified, in both ways it can be pointed at us. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Bucket, Storage } from '@google-cloud/storage';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';

let gateway: MemoryGateway;
before(async () => {
  gateway = await startMemoryGateway();
});
after(() => gateway.close());

function byEndpoint(): Storage {
  return new Storage({ apiEndpoint: gateway.url, projectId: 'test' });
}

/** The JSON base is then the bare host: `/b/…` without `/storage/v1`. */
function byEnvironment(): Storage {
  process.env['STORAGE_EMULATOR_HOST'] = gateway.url;
  try {
    return new Storage({ projectId: 'test' });
  } finally {
    delete process.env['STORAGE_EMULATOR_HOST'];
  }
}

const small = Buffer.from('a small object');
const large = randomBytes(9 * 1024 * 1024 + 17);

for (const [way, connect] of [
  ['apiEndpoint', byEndpoint],
  ['STORAGE_EMULATOR_HOST', byEnvironment],
] as const) {
  describe(`@google-cloud/storage by ${way}`, () => {
    let bucket: Bucket;
    before(async () => {
      [bucket] = await connect().createBucket(`node-${way.toLowerCase().replaceAll('_', '-')}`);
    });

    test('buckets: made once, found, labelled', async () => {
      assert.deepEqual(await bucket.exists(), [true]);
      await assert.rejects(connect().createBucket(bucket.name), { code: 409 });
      const [buckets] = await connect().getBuckets();
      assert.ok(buckets.some((found) => found.name === bucket.name));
      await bucket.setLabels({ team: 'storage' });
      assert.deepEqual(await bucket.getLabels(), [{ team: 'storage' }]);
      await assert.rejects(connect().bucket('no-such-bucket').getMetadata(), { code: 404 });
    });

    test('small objects, in one request, with metadata', async () => {
      const file = bucket.file('dir/small ü.txt');
      const metadata = { contentType: 'text/plain', cacheControl: 'no-store', metadata: { color: 'blue' } };
      await file.save(small, { resumable: false, metadata });
      const [found] = await file.getMetadata();
      assert.equal(found.size, String(small.length));
      assert.equal(found.contentType, 'text/plain');
      assert.deepEqual(found.metadata, { color: 'blue' });
      const [content] = await file.download();
      assert.ok(content.equals(small));
      await file.setMetadata({ metadata: { color: null, shape: 'round' } });
      assert.deepEqual((await file.getMetadata())[0].metadata, { shape: 'round' });
    });

    test('large objects: one resumable request, and chunk by chunk', async () => {
      for (const [name, options] of [
        ['whole', { resumable: true }],
        ['chunked', { resumable: true, chunkSize: 2 * 1024 * 1024 }],
        ['simple', { resumable: false }],
      ] as const) {
        await bucket.file(name).save(large, { ...options, validation: 'crc32c' });
        const [content] = await bucket.file(name).download({ validation: 'md5' });
        assert.ok(content.equals(large), name);
      }
    });

    test('an upload that is given up is taken up again by another client', async () => {
      const file = bucket.file('resumed');
      const [uri] = await file.createResumableUpload();
      const half = 4 * 1024 * 1024;
      const resumeCRC32C = await new Promise<string>((resolve, reject) => {
        const stream = file.createWriteStream({ uri, isPartialUpload: true, chunkSize: half, resumable: true });
        stream.on('error', reject).on('crc32c', resolve).end(large.subarray(0, half));
      });
      const other = connect().bucket(bucket.name).file('resumed');
      await new Promise<void>((resolve, reject) => {
        const rest = other.createWriteStream({ uri, offset: half, resumeCRC32C, resumable: true });
        rest.on('error', reject).on('finish', resolve).end(large.subarray(half));
      });
      const [content] = await file.download();
      assert.ok(content.equals(large));
    });

    test('overwrites with a precondition', async () => {
      const file = bucket.file('guarded');
      await file.save('one', { preconditionOpts: { ifGenerationMatch: 0 }, resumable: false });
      const again = file.save('two', { preconditionOpts: { ifGenerationMatch: 0 }, resumable: false });
      await assert.rejects(again, { code: 412 });
      const [{ generation }] = await file.getMetadata();
      await file.save('three', { preconditionOpts: { ifGenerationMatch: Number(generation) }, resumable: true });
      assert.equal(String((await file.download())[0]), 'three');
    });

    test('listings with delimiter and pages', async () => {
      const names = ['list/a', 'list/b/1', 'list/b/2', 'list/c', 'list/d/1'];
      await Promise.all(names.map((name) => bucket.file(name).save('x', { resumable: false })));
      const [all] = await bucket.getFiles({ prefix: 'list/', maxResults: 2 });
      assert.deepEqual(
        all.map((file) => file.name),
        ['list/a', 'list/b/1'],
      );
      const [auto] = await bucket.getFiles({ prefix: 'list/' });
      assert.deepEqual(
        auto.map((file) => file.name),
        names,
      );
      const [files, , page] = await bucket.getFiles({ prefix: 'list/', delimiter: '/', autoPaginate: false });
      assert.deepEqual(
        files.map((file) => file.name),
        ['list/a', 'list/c'],
      );
      assert.deepEqual((page as { prefixes: string[] }).prefixes, ['list/b/', 'list/d/']);
    });

    test('ranged reads', async () => {
      const file = bucket.file('ranged');
      await file.save(large, { resumable: false });
      const [part] = await file.download({ start: 1_000_000, end: 1_000_099 });
      assert.ok(part.equals(large.subarray(1_000_000, 1_000_100)));
      const chunks: Buffer[] = [];
      for await (const chunk of file.createReadStream({ start: large.length - 5 })) chunks.push(chunk);
      assert.ok(Buffer.concat(chunks).equals(large.subarray(-5)));
    });

    test('copy, rewrite to another class, compose, move', async () => {
      const file = bucket.file('source');
      await file.save('source;', { resumable: false, metadata: { contentType: 'text/x' } });
      await file.copy(bucket.file('copied'));
      assert.equal(String((await bucket.file('copied').download())[0]), 'source;');
      await file.setStorageClass('nearline');
      const [{ storageClass, contentType }] = await file.getMetadata();
      assert.deepEqual([storageClass, contentType], ['NEARLINE', 'text/x']);
      await bucket.combine(['source', 'copied'], 'combined');
      assert.equal(String((await bucket.file('combined').download())[0]), 'source;source;');
      await bucket.file('combined').moveFileAtomic('moved');
      await bucket.file('moved').rename('renamed');
      assert.equal(String((await bucket.file('renamed').download())[0]), 'source;source;');
      assert.deepEqual(await bucket.file('combined').exists(), [false]);
      assert.deepEqual(await bucket.file('moved').exists(), [false]);
    });

    test('customer-supplied keys: written every way, read, rotated, copied', async () => {
      const [key, next] = [randomBytes(32), randomBytes(32)];
      for (const [name, options] of [
        ['whole', { resumable: true }],
        ['chunked', { resumable: true, chunkSize: 2 * 1024 * 1024 }],
        ['simple', { resumable: false }],
      ] as const) {
        const file = bucket.file(`keyed-${name}`, { encryptionKey: key });
        await file.save(large, { ...options, validation: 'crc32c' });
        const [content] = await file.download({ validation: 'crc32c' });
        assert.ok(content.equals(large), name);
        await assert.rejects(bucket.file(`keyed-${name}`).download(), { code: 400 });
        const [{ customerEncryption, crc32c }] = await bucket.file(`keyed-${name}`).getMetadata();
        assert.deepEqual([customerEncryption?.encryptionAlgorithm, crc32c], ['AES256', undefined]);
        const [rotated] = await file.rotateEncryptionKey({ encryptionKey: next });
        assert.ok((await rotated.download())[0].equals(large));
        await assert.rejects(bucket.file(`keyed-${name}`, { encryptionKey: key }).download(), { code: 400 });
        // The client sends the source's key for a copy that has none of its own.
        await rotated.copy(bucket.file(`copy-${name}`));
        const copy = bucket.file(`copy-${name}`, { encryptionKey: next });
        assert.ok((await copy.download())[0].equals(large));
      }
    });

    test('deletes: one, many, and the bucket when it is empty', async () => {
      await bucket.file('source').delete();
      await assert.rejects(bucket.file('source').delete(), { code: 404 });
      await assert.rejects(bucket.delete(), { code: 409 });
      await bucket.deleteFiles();
      assert.deepEqual((await bucket.getFiles())[0], []);
      await bucket.delete();
      assert.deepEqual(await bucket.exists(), [false]);
    });
  });
}
