/** Bytes up and down. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { CRC32C } from '@google-cloud/storage';
import { assertSame, drain, MIB, noise, type Scene } from './scene.ts';

export const transfers = {
  'upload-simple': async ({ bucket }: Scene) => {
    await bucket.create();
    const content = noise(3 * MIB + 17);
    for (const size of [0, 14, content.length]) {
      const file = bucket.file(`dir/ü?#% ${size}`);
      await file.save(content.subarray(0, size), { resumable: false, metadata: { contentType: 'text/x' } });
      const [found] = await file.getMetadata();
      assert.deepEqual([found.size, found.contentType], [String(size), 'text/x']);
      assertSame((await file.download())[0], content.subarray(0, size));
    }
  },

  'upload-resumable': async ({ bucket }: Scene) => {
    await bucket.create();
    const content = noise(9 * MIB + 17);
    for (const chunkSize of [undefined, 256 * 1024, 2 * MIB]) {
      const file = bucket.file('resumable');
      await file.save(content, {
        resumable: true,
        ...(chunkSize !== undefined && { chunkSize }),
        validation: 'crc32c',
      });
      assertSame((await file.download({ validation: 'md5' }))[0], content, `chunks of ${chunkSize}`);
    }
    const exact = content.subarray(0, 4 * MIB);
    await bucket.file('exact').save(exact, { resumable: true, chunkSize: MIB });
    assertSame((await bucket.file('exact').download())[0], exact);
    // Given up, and taken up again by another client.
    const file = bucket.file('resumed');
    const [uri] = await file.createResumableUpload();
    const half = 4 * MIB;
    const resumeCRC32C = await new Promise<string>((resolve, reject) => {
      const stream = file.createWriteStream({ uri, isPartialUpload: true, chunkSize: half, resumable: true });
      stream.on('error', reject).on('crc32c', resolve).end(content.subarray(0, half));
    });
    await new Promise<void>((resolve, reject) => {
      const rest = bucket.file('resumed').createWriteStream({ uri, offset: half, resumeCRC32C, resumable: true });
      rest.on('error', reject).on('finish', resolve).end(content.subarray(half));
    });
    assertSame((await file.download())[0], content);
  },

  'upload-resumed': async (scene: Scene) => {
    await scene.bucket.create();
    const content = noise(9 * MIB);
    const { bucket, assertDone } = await scene.faults({
      'storage.objects.insert': ['return-reset-connection-after-2304K', 'return-503-after-5120K'],
    });
    const preconditionOpts = { ifGenerationMatch: 0 };
    await bucket.file('cut').save(content, { resumable: true, chunkSize: 4 * MIB, preconditionOpts });
    await assertDone();
    assertSame((await scene.bucket.file('cut').download())[0], content);
  },

  download: async (scene: Scene) => {
    await scene.bucket.create();
    const content = noise(9 * MIB + 17);
    await scene.put('large', content);
    assertSame((await scene.bucket.file('large').download())[0], content);
    assertSame(await drain(scene.bucket.file('large').createReadStream()), content);
    await assert.rejects(scene.bucket.file('none').download(), { code: 404 });
    await assert.rejects(scene.storage.bucket('node-no-such-bucket').file('none').download(), { code: 404 });
  },

  ranges: async (scene: Scene) => {
    await scene.bucket.create();
    const content = noise(3 * MIB);
    await scene.put('ranged', content);
    const file = scene.bucket.file('ranged');
    for (const [start, end] of [
      [0, 0],
      [1_000_000, 1_000_099],
      [3 * MIB - 1, 3 * MIB + 99],
    ] as const) {
      assertSame((await file.download({ start, end }))[0], content.subarray(start, end + 1));
    }
    assertSame(await drain(file.createReadStream({ start: 2_000_000 })), content.subarray(2_000_000));
    assertSame(await drain(file.createReadStream({ end: -5 })), content.subarray(-5));
    await assert.rejects(file.download({ start: 3 * MIB }), { code: 416 });
  },

  gzip: async ({ bucket }: Scene) => {
    await bucket.create();
    const content = Buffer.from('a line that repeats itself\n'.repeat(10_000));
    const packed = gzipSync(content);
    const file = bucket.file('packed.txt');
    await file.save(packed, { resumable: false, metadata: { contentEncoding: 'gzip' } });
    assert.equal((await file.getMetadata())[0].size, String(packed.length));
    assertSame((await file.download())[0], content);
    assertSame((await file.download({ decompress: false }))[0], packed);
    await bucket.file('by-client.txt').save(content, { gzip: true, resumable: true });
    assertSame((await bucket.file('by-client.txt').download())[0], content);
  },

  checksums: async ({ bucket }: Scene) => {
    await bucket.create();
    const content = noise(MIB);
    const sum = (bytes: Buffer) => {
      const crc32c = new CRC32C();
      crc32c.update(bytes);
      return crc32c.toString();
    };
    const file = bucket.file('checked');
    const wrong = { crc32c: sum(Buffer.from('other')) };
    for (const resumable of [false, true]) {
      await assert.rejects(file.save(content, { resumable, validation: false, metadata: wrong }), { code: 400 });
      assert.deepEqual(await file.exists(), [false]);
    }
    await file.save(content, { resumable: false, validation: 'crc32c', metadata: { crc32c: sum(content) } });
    assert.equal((await file.getMetadata())[0].crc32c, sum(content));
    for (const validation of ['crc32c', 'md5'] as const) assertSame((await file.download({ validation }))[0], content);
  },

  retries: async (scene: Scene) => {
    await scene.bucket.create();
    const generation = await scene.put('there');
    const { bucket, assertDone } = await scene.faults({
      'storage.buckets.get': ['return-503', 'return-503'],
      'storage.objects.list': ['return-503'],
      'storage.objects.get': ['return-503', 'return-reset-connection'],
      'storage.objects.insert': ['return-503'],
      'storage.objects.delete': ['return-503'],
    });
    await bucket.getMetadata();
    assert.deepEqual((await bucket.getFiles())[0].length, 1);
    await bucket.file('there').getMetadata();
    await bucket.file('new').save('new', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
    await bucket.file('there').delete({ ifGenerationMatch: generation });
    await assertDone();
    assert.deepEqual(await scene.list(), ['new']);
    // What may not be repeated is not.
    const once = await scene.faults({ 'storage.objects.insert': ['return-503'] });
    await assert.rejects(once.bucket.file('unguarded').save('x', { resumable: false }), { code: 503 });
  },
};
