/**
 * What a thief of the data folder can read: nothing of an object under a customer's key, however it came and wherever
 * it stands, through `kill -9` and in what is left behind. And what its owner can: all of it, with that key alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestKey } from '../support/customer-keys.ts';
import { Gcs, objectPath } from '../support/gcs.ts';
import { patterned } from '../support/patterned-bytes.ts';
import { PlaintextSearch } from '../support/plaintext-search.ts';
import { ServedSite } from '../support/serve-site.ts';

const BUCKET = 'lake';
const MIB = 2 ** 20;
/** Kept beside the metadata, in one block, at and about the borders of blocks, in many. */
const SIZES = [40, 3_000, 16_384, 16_385, 65_536, 65_537, 131_072, 700_000];

/** A site, its API, and the contents that must be found nowhere. */
class Lake {
  readonly site: ServedSite;
  readonly gcs = new Gcs();
  readonly secrets = new PlaintextSearch();
  #seed = 1_000;

  constructor(site: ServedSite) {
    this.site = site;
    this.gcs.connect(site.url);
  }

  /** Content whose every run is its own. */
  secret(size: number): Buffer {
    this.#seed += 1;
    const content = patterned(size, this.#seed);
    this.secrets.add(content);
    return content;
  }

  async put(name: string, content: Uint8Array, key?: TestKey): Promise<void> {
    const path = `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`;
    const answer = await this.gcs.call('POST', path, { body: content, headers: key?.headers ?? {} });
    assert.equal(answer.status, 200, answer.text);
  }

  async reads(name: string, content: Uint8Array, key?: TestKey): Promise<void> {
    const answer = await this.gcs.media(BUCKET, name, key?.headers ?? {});
    assert.equal(answer.status, 200, `${name}: ${answer.text.slice(0, 200)}`);
    assert.ok(answer.bytes.equals(content), name);
  }

  async killAndRestart(): Promise<void> {
    await this.site.kill();
    await this.site.restart();
    this.gcs.connect(this.site.url);
  }

  async assertNothingReadable(what: string): Promise<void> {
    assert.deepEqual(await this.secrets.filesWith(this.site.data), [], what);
  }
}

async function openLake(t: Parameters<typeof ServedSite.start>[0]): Promise<Lake> {
  const site = await ServedSite.start(t);
  await site.createBucket(BUCKET);
  return new Lake(site);
}

test('uploads of every kind and size, overwritten and deleted: no run of 16 bytes in any file', async (t) => {
  const lake = await openLake(t);
  const { gcs } = lake;
  const key = new TestKey();
  const control = patterned(3_000, 77);
  await lake.put('in the clear', control);
  const found = await new PlaintextSearch().add(control).filesWith(lake.site.data);
  assert.ok(found.length > 0, 'the search finds what is there in the clear');

  for (const size of SIZES) await lake.put(`media ${size}`, lake.secret(size), key);
  for (const size of SIZES) await lake.put(`media ${size}`, lake.secret(size), key);
  for (const size of SIZES) {
    const content = lake.secret(size);
    const session = await gcs.startUpload(BUCKET, `resumable ${size}`, { headers: key.headers });
    const done = await gcs.chunk(session, `bytes 0-${size - 1}/${size}`, content);
    assert.equal(done.status, 200, done.text);
  }
  // A session that has begun and goes on after a crash: what is staged counts as well.
  const begun = lake.secret(900_000);
  const session = await gcs.startUpload(BUCKET, 'begun', { headers: key.headers });
  await gcs.chunk(session, 'bytes 0-262143/*', begun.subarray(0, 262_144));
  await lake.assertNothingReadable('while an upload is staged');
  await lake.killAndRestart();
  const kept = await gcs.chunk(session, 'bytes 262144-786431/*', begun.subarray(262_144, 786_432), key.headers);
  assert.equal(kept.headers.range, 'bytes=0-786431');
  await lake.killAndRestart();
  await lake.assertNothingReadable('after a crash in the middle of an upload');
  const done = await gcs.chunk(session, 'bytes 786432-899999/900000', begun.subarray(786_432));
  assert.equal(done.status, 200, done.text);
  await lake.reads('begun', begun, key);

  const sourceObjects = SIZES.map((size) => ({ name: `media ${size}` }));
  const composed = await gcs.call('POST', `${objectPath(BUCKET, 'composed')}/compose`, {
    headers: key.headers,
    body: { sourceObjects },
  });
  assert.equal(composed.status, 200, composed.text);
  for (const size of SIZES) {
    assert.equal((await gcs.call('DELETE', objectPath(BUCKET, `resumable ${size}`))).status, 204);
  }
  await lake.killAndRestart();
  await lake.assertNothingReadable('at the end');
});

test('copied, rewritten under another key, its own key lost: the copy reads, the lost one never does', async (t) => {
  const lake = await openLake(t);
  const { gcs } = lake;
  const [lost, other] = [new TestKey(), new TestKey()];
  const contents = new Map(SIZES.concat(3 * MIB + 5).map((size) => [size, lake.secret(size)]));
  for (const [size, content] of contents) {
    const copy = (from: string, to: string, headers: Record<string, string>) =>
      gcs.call('POST', `${objectPath(BUCKET, from)}/copyTo/b/${BUCKET}/o/${encodeURIComponent(to)}`, { headers });
    await lake.put(`lost ${size}`, content, lost);
    const under = { ...lost.sourceHeaders, ...lost.headers };
    assert.equal((await copy(`lost ${size}`, `lost copy ${size}`, under)).status, 200);
    await rewrite(lake, { from: `lost copy ${size}`, to: `rewritten ${size}` }, [lost, other]);
  }
  await lake.killAndRestart();
  for (const [size, content] of contents) {
    await lake.reads(`rewritten ${size}`, content, other);
    for (const name of [`lost ${size}`, `lost copy ${size}`]) {
      assert.equal((await gcs.get(BUCKET, name)).status, 200, 'that it is there can be seen');
      for (const headers of [{}, other.headers, new TestKey().headers]) {
        assert.equal((await gcs.media(BUCKET, name, headers)).status, 400);
      }
      const away = `${objectPath(BUCKET, name)}/copyTo/b/${BUCKET}/o/away`;
      for (const headers of [{}, other.sourceHeaders, { ...other.sourceHeaders, ...other.headers }]) {
        assert.equal((await gcs.call('POST', away, { headers })).status, 400);
      }
    }
  }
  await lake.assertNothingReadable('with neither key');
});

/** In calls of 1 MiB with a crash between every two, each from a new process. */
async function rewrite(
  lake: Lake,
  { from, to }: { readonly from: string; readonly to: string },
  [source, target]: readonly [TestKey, TestKey],
): Promise<void> {
  const path = `${objectPath(BUCKET, from)}/rewriteTo/b/${BUCKET}/o/${encodeURIComponent(to)}`;
  const headers = { ...source.sourceHeaders, ...target.headers };
  let token = '';
  for (let calls = 1; ; calls += 1) {
    const query = `?maxBytesRewrittenPerCall=${MIB}${token}`;
    const { status, json, text } = await lake.gcs.call('POST', path + query, { headers });
    assert.equal(status, 200, text);
    assert.equal(
      Number(json.totalBytesRewritten),
      Math.min(calls * MIB, Number(json.objectSize)),
      'none is done twice',
    );
    if (json.done) return;
    token = `&rewriteToken=${json.rewriteToken}`;
    await lake.assertNothingReadable('in the middle of a rewrite');
    await lake.killAndRestart();
  }
}
