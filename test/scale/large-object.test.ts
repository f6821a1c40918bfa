/** A large object goes up in chunks and comes down beside very many others, in bounded memory of the gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureFor } from '../support/full-figures.ts';
import { downloadSum, uploadLarge } from '../support/large-object.ts';
import { MemoryWatch } from '../support/memory-watch.ts';
import { type PreloadedObject, preloadLake } from '../support/preload-lake.ts';
import { recordFigure } from '../support/record-figure.ts';
import { ServedSite, scratch } from '../support/serve-site.ts';

const MIB = 1024 * 1024;
const MEMORY_MIB_MAX = 300;
/** Less than this is no Node process: the watch looks at the wrong one. */
const MEMORY_MIB_MIN = 20;
const mebibytes = figureFor({ quick: 256, full: 4096 });
const objects = figureFor({ quick: 20_000, full: 1_000_000 });
const MINUTES = 60_000;

function* manyObjects(): Generator<PreloadedObject> {
  const bytes = Buffer.from('one of very many');
  for (let index = 0; index < objects; index += 1) {
    const name = `many/${String(index % 1000).padStart(3, '0')}/${String(index).padStart(7, '0')}`;
    yield { name, bytes };
  }
}

test(`an object of ${mebibytes} MiB goes up and down beside ${objects} others in bounded memory`, {
  timeout: 60 * MINUTES,
}, async (t) => {
  const data = await scratch(t, 'cloud');
  await preloadLake(data, 'lake-large', manyObjects());
  const cloud = await ServedSite.start(t, { data });
  const watch = new MemoryWatch(() => [cloud.pid]);
  t.after(() => watch.stop());
  const object = { bucket: 'lake-large', name: 'many/500/big', mebibytes, chunkMebibytes: 64 };
  const started = performance.now();
  const sum = await uploadLarge(cloud.url, object);
  const uploaded = performance.now();
  const upPeak = watch.peakMiB;
  assert.deepEqual(await downloadSum(cloud.url, object), { size: mebibytes * MIB, crc32c: sum });
  const downloaded = performance.now();
  const peak = watch.stop();
  const rate = (ms: number) => Math.round(mebibytes / (ms / 1000));
  recordFigure({ name: `${mebibytes} MiB up: memory so far`, value: upPeak, unit: 'MiB' });
  recordFigure({ name: `${mebibytes} MiB up and down: memory`, value: peak, unit: 'MiB' });
  recordFigure({ name: `${mebibytes} MiB up: rate`, value: rate(uploaded - started), unit: 'MiB/s' });
  recordFigure({ name: `${mebibytes} MiB down: rate`, value: rate(downloaded - uploaded), unit: 'MiB/s' });
  recordFigure({ name: 'objects beside it', value: objects });
  assert.ok(peak >= MEMORY_MIB_MIN && peak <= MEMORY_MIB_MAX, `${peak} MiB`);
});
