/** Listing objects, making new ones of old ones, and what is said about them. */
import assert from 'node:assert/strict';
import { assertSame, MIB, noise, type Scene } from './scene.ts';

const WEEK_SECONDS = 7 * 24 * 3_600;

export const objects = {
  list: async (scene: Scene) => {
    await scene.bucket.create();
    const all = ['a', 'b/1', 'b/2', 'c', 'd/1', 'd/2/x', 'e/', 'ü'];
    for (const name of all) await scene.put(name);
    assert.deepEqual(await scene.list(), all);
    assert.deepEqual(await scene.list({ prefix: 'b/' }), ['b/1', 'b/2']);
    assert.deepEqual(await scene.list({ delimiter: '/' }), ['a', 'c', 'ü', 'b/', 'd/', 'e/']);
    assert.deepEqual(await scene.list({ delimiter: '/', prefix: 'd/' }), ['d/1', 'd/2/']);
    const trailing = { delimiter: '/', includeTrailingDelimiter: true, prefix: 'e' };
    assert.deepEqual(await scene.list(trailing), ['e/', 'e/']);
    assert.deepEqual(await scene.list({ startOffset: 'b/2', endOffset: 'd/2' }), ['b/2', 'c', 'd/1']);
    for (const maxResults of [1, 3, 100]) {
      const paged: string[] = [];
      let query: object | null = { maxResults, autoPaginate: false };
      while (query) {
        const [files, next]: [{ readonly name: string }[], object | null, unknown] = await scene.bucket.getFiles(query);
        assert.ok(files.length <= maxResults);
        paged.push(...files.map((file) => file.name));
        query = next;
      }
      assert.deepEqual(paged, all);
    }
    const streamed: string[] = [];
    for await (const file of scene.bucket.getFilesStream({ prefix: 'd/' })) streamed.push(file.name);
    assert.deepEqual(streamed, ['d/1', 'd/2/x']);
  },

  glob: async (scene: Scene) => {
    await scene.bucket.create();
    for (const name of ['logs/a.txt', 'logs/b.csv', 'logs/deep/c.txt', 'other/d.txt']) await scene.put(name);
    assert.deepEqual(await scene.list({ matchGlob: 'logs/*.txt' }), ['logs/a.txt']);
    assert.deepEqual(await scene.list({ matchGlob: '**/*.txt' }), ['logs/a.txt', 'logs/deep/c.txt', 'other/d.txt']);
    assert.deepEqual(await scene.list({ matchGlob: 'logs/?.{csv,txt}' }), ['logs/a.txt', 'logs/b.csv']);
  },

  versions: async (scene: Scene) => {
    await scene.bucket.create({ versioning: { enabled: true } });
    const first = await scene.put('kept', 'one');
    const second = await scene.put('kept', 'two');
    const version = (generation: number) => scene.bucket.file('kept', { generation });
    await scene.bucket.file('kept').delete();
    assert.deepEqual(await scene.bucket.file('kept').exists(), [false]);
    assert.deepEqual(await scene.list({ versions: true }), ['kept', 'kept']);
    assert.equal(String((await version(first).download())[0]), 'one');
    assert.ok((await version(second).getMetadata())[0].timeDeleted);
    await version(first).copy(scene.bucket.file('kept'));
    assert.equal(await scene.read('kept'), 'one');
    await version(second).delete();
    await assert.rejects(version(second).download(), { code: 404 });
    assert.deepEqual(await scene.list({ versions: true }), ['kept', 'kept']);
  },

  copy: async (scene: Scene) => {
    await scene.bucket.create();
    const content = noise(3 * MIB);
    const source = scene.bucket.file('source');
    await source.save(content, { metadata: { contentType: 'text/x', metadata: { color: 'blue' } } });
    await source.copy(scene.bucket.file('copy'));
    const [copy] = await scene.bucket.file('copy').getMetadata();
    assert.deepEqual(
      [copy.contentType, copy.metadata, copy.crc32c],
      ['text/x', { color: 'blue' }, source.metadata.crc32c],
    );
    await source.copy(scene.bucket.file('changed'), { contentType: 'text/y', metadata: { color: 'red' } });
    const [changed] = await scene.bucket.file('changed').getMetadata();
    assert.deepEqual([changed.contentType, changed.metadata], ['text/y', { color: 'red' }]);
    await scene.bucket.file('changed').setStorageClass('nearline');
    assert.equal((await scene.bucket.file('changed').getMetadata())[0].storageClass, 'NEARLINE');
    const taken = source.copy(scene.bucket.file('copy'), { preconditionOpts: { ifGenerationMatch: 0 } });
    await assert.rejects(taken, { code: 412 });
    const [other] = await scene.storage.createBucket(`${scene.bucket.name}-other`);
    await source.copy(other.file('copy'));
    assertSame((await other.file('copy').download())[0], content);
  },

  rewrite: async (scene: Scene) => {
    await scene.bucket.create();
    const content = noise(4 * MIB + 5);
    await scene.put('source', content);
    const [other] = await scene.storage.createBucket(`${scene.bucket.name}-other`);
    const key = noise(32);
    await scene.bucket.file('source').copy(other.file('rewritten', { encryptionKey: key }));
    assertSame((await other.file('rewritten', { encryptionKey: key }).download())[0], content);
  },

  compose: async (scene: Scene) => {
    await scene.bucket.create();
    const parts = Array.from({ length: 32 }, (_, index) => `part/${index}`);
    for (const part of parts) await scene.put(part, `${part};`);
    const target = scene.bucket.file('composed');
    target.metadata.contentType = 'text/x';
    await scene.bucket.combine(parts, target);
    const [{ componentCount, contentType, md5Hash }] = await target.getMetadata();
    assert.deepEqual([componentCount, contentType, md5Hash], [32, 'text/x', undefined]);
    assert.equal(await scene.read('composed'), parts.map((part) => `${part};`).join(''));
    await assert.rejects(scene.bucket.combine(['part/1', 'part/2'], target, { ifGenerationMatch: 0 }), { code: 412 });
    await assert.rejects(scene.bucket.combine(['part/1', 'missing'], 'none.txt'), { code: 404 });
  },

  move: async (scene: Scene) => {
    await scene.bucket.create();
    await scene.put('from', 'moved');
    await scene.put('taken', 'taken');
    const free = { preconditionOpts: { ifGenerationMatch: 0 } };
    await assert.rejects(scene.bucket.file('from').moveFileAtomic('taken', free), { code: 412 });
    await scene.bucket.file('from').moveFileAtomic('to', free);
    assert.equal(await scene.read('to'), 'moved');
    await scene.bucket.file('to').rename('renamed');
    assert.deepEqual(await scene.list(), ['renamed', 'taken']);
  },

  preconditions: async (scene: Scene) => {
    await scene.bucket.create();
    const file = scene.bucket.file('guarded');
    await file.save('one', { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
    const generation = Number(file.metadata.generation);
    for (const resumable of [false, true]) {
      for (const ifGenerationMatch of [0, generation + 1]) {
        await assert.rejects(file.save('two', { resumable, preconditionOpts: { ifGenerationMatch } }), { code: 412 });
      }
    }
    await assert.rejects(file.setMetadata({ contentType: 'text/x' }, { ifMetagenerationMatch: 2 }), { code: 412 });
    const [changed] = await file.setMetadata({ contentType: 'text/x' }, { ifMetagenerationMatch: 1 });
    assert.equal(changed.metageneration, '2');
    const unchanged = file.getMetadata({ ifGenerationNotMatch: generation });
    await assert.rejects(unchanged, { code: 304 });
    await assert.rejects(file.delete({ ifGenerationMatch: generation + 1 }), { code: 412 });
    await file.save('two', { resumable: true, preconditionOpts: { ifGenerationMatch: generation } });
    assert.equal(await scene.read('guarded'), 'two');
    await assert.rejects(scene.bucket.setLabels({ a: 'b' }, { ifMetagenerationMatch: 9 }), { code: 412 });
  },

  metadata: async (scene: Scene) => {
    await scene.bucket.create();
    const file = scene.bucket.file('described');
    const noon = '2024-02-29T12:00:00.000Z';
    const custom = { color: 'blue', ключ: 'значение' };
    const fixed = { cacheControl: 'no-store', contentDisposition: 'attachment', contentLanguage: 'de' };
    await file.save('x', { resumable: true, metadata: { ...fixed, customTime: noon, metadata: custom } });
    const [found] = await file.getMetadata();
    assert.deepEqual(found.metadata, custom);
    assert.equal(Date.parse(found.customTime ?? ''), Date.parse(noon));
    for (const [name, value] of Object.entries(fixed)) assert.equal(Reflect.get(found, name), value);
    await file.setMetadata({ metadata: { color: null, ключ: null, shape: 'round' }, cacheControl: '' });
    const [changed] = await file.getMetadata();
    assert.deepEqual([changed.metadata, changed.metageneration], [{ shape: 'round' }, '2']);
    await assert.rejects(file.setMetadata({ customTime: '2024-02-29T11:00:00Z' }), { code: 400 });
    await file.setMetadata({ metadata: null } as never);
    assert.equal((await file.getMetadata())[0].metadata, undefined);
  },

  contexts: async (scene: Scene) => {
    await scene.bucket.create();
    const file = scene.bucket.file('tagged');
    await file.save('x', { resumable: false, metadata: { contexts: { custom: { kind: { value: 'invoice' } } } } });
    await scene.put('plain');
    assert.equal((await file.getMetadata())[0].contexts?.custom?.['kind']?.value, 'invoice');
    assert.deepEqual(await scene.list({ filter: 'contexts."kind"="invoice"' }), ['tagged']);
    assert.deepEqual(await scene.list({ filter: '-contexts."kind":*' }), ['plain']);
    await file.setMetadata({ contexts: { custom: { kind: null, state: { value: 'paid' } } } } as never);
    assert.deepEqual(Object.keys((await file.getMetadata())[0].contexts?.custom ?? {}), ['state']);
  },

  'soft-delete': async (scene: Scene) => {
    await scene.bucket.create({ softDeletePolicy: { retentionDurationSeconds: WEEK_SECONDS } });
    const generation = await scene.put('lost', 'found again');
    await scene.bucket.file('lost').delete();
    assert.deepEqual(await scene.list(), []);
    assert.deepEqual(await scene.list({ softDeleted: true }), ['lost']);
    const [gone] = await scene.bucket.file('lost', { generation }).getMetadata({ softDeleted: true });
    const span = Date.parse(gone.hardDeleteTime ?? '') - Date.parse(gone.softDeleteTime ?? '');
    assert.equal(span, WEEK_SECONDS * 1_000);
    await scene.bucket.file('lost').restore({ generation });
    assert.ok(Number((await scene.bucket.file('lost').getMetadata())[0].generation) > generation);
    assert.equal(await scene.read('lost'), 'found again');
  },

  holds: async (scene: Scene) => {
    await scene.bucket.create();
    await scene.put('held');
    const held = scene.bucket.file('held');
    for (const name of ['temporaryHold', 'eventBasedHold']) {
      await held.setMetadata({ [name]: true });
      await assert.rejects(held.delete(), { code: 403 });
      await held.setMetadata({ [name]: false });
    }
    await held.delete();
    await scene.bucket.setRetentionPeriod(3_600);
    await scene.put('kept');
    await assert.rejects(scene.bucket.file('kept').delete(), { code: 403 });
    const [{ metageneration }] = await scene.bucket.getMetadata();
    await assert.rejects(scene.bucket.lock(Number(metageneration) + 1), { code: 412 });
    await scene.bucket.lock(metageneration ?? '');
    assert.equal((await scene.bucket.getMetadata())[0].retentionPolicy?.isLocked, true);
    await assert.rejects(scene.bucket.setRetentionPeriod(60), { code: 403 });
    await assert.rejects(scene.bucket.removeRetentionPeriod(), { code: 403 });
    await retainObjects(scene);
  },

  keys: async ({ bucket }: Scene) => {
    await bucket.create();
    const [content, key, next] = [noise(3 * MIB + 1), noise(32), noise(32)];
    for (const [name, options] of [
      ['whole', { resumable: true }],
      ['chunked', { resumable: true, chunkSize: MIB }],
      ['simple', { resumable: false }],
    ] as const) {
      const file = bucket.file(name, { encryptionKey: key });
      await file.save(content, { ...options, validation: 'crc32c' });
      assertSame((await file.download({ validation: 'crc32c' }))[0], content, name);
      await assert.rejects(bucket.file(name).download(), { code: 400 });
      const [{ customerEncryption, crc32c }] = await bucket.file(name).getMetadata();
      assert.deepEqual([customerEncryption?.encryptionAlgorithm, crc32c], ['AES256', undefined]);
      const [rotated] = await file.rotateEncryptionKey({ encryptionKey: next });
      assertSame((await rotated.download())[0], content);
      await assert.rejects(bucket.file(name, { encryptionKey: key }).download(), { code: 400 });
      // The client sends the source's key for a copy that has none of its own.
      await rotated.copy(bucket.file(`copy-${name}`));
      assertSame((await bucket.file(`copy-${name}`, { encryptionKey: next }).download())[0], content);
    }
  },
};

/** In a bucket whose objects have retention of their own. */
async function retainObjects({ storage, bucket }: Scene): Promise<void> {
  const [kept] = await storage.createBucket(`${bucket.name}-objects`, { enableObjectRetention: true });
  assert.deepEqual((await kept.getMetadata())[0].objectRetention, { mode: 'Enabled' });
  const retention = (mode: 'Unlocked' | 'Locked', hours: number) => ({
    retention: { mode, retainUntilTime: new Date(Date.now() + hours * 3_600_000).toISOString() },
  });
  const override = { overrideUnlockedRetention: true };
  const unlocked = kept.file('unlocked');
  await unlocked.save('x', { resumable: true, metadata: retention('Unlocked', 2) });
  await assert.rejects(unlocked.delete(), { code: 403 });
  await assert.rejects(unlocked.setMetadata({ retention: null }), { code: 403 });
  await unlocked.setMetadata(retention('Unlocked', 1), override);
  await unlocked.setMetadata({ retention: null, temporaryHold: true }, override);
  await assert.rejects(unlocked.delete(), { code: 403 });
  await unlocked.setMetadata({ temporaryHold: false });
  await unlocked.delete();
  const locked = kept.file('locked');
  await locked.save('x', { resumable: false, metadata: retention('Locked', 1) });
  await locked.setMetadata(retention('Locked', 2));
  const [{ retention: found, retentionExpirationTime }] = await locked.getMetadata();
  assert.equal(found?.retainUntilTime, retentionExpirationTime);
  await assert.rejects(locked.setMetadata({ retention: null }, override), { code: 403 });
  await assert.rejects(locked.delete(), { code: 403 });
  await assert.rejects(locked.save('other', { resumable: false }), { code: 403 });
  assert.equal(String((await locked.download())[0]), 'x');
}
