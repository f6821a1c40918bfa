/** A site killed in the middle of a large transfer goes on where it was: each kill costs at most one part. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureFor } from '../support/full-figures.ts';
import { downloadSum, uploadLarge } from '../support/large-object.ts';
import { recordFigure } from '../support/record-figure.ts';
import { ServedSite, until } from '../support/serve-site.ts';

const MIB = 1024 * 1024;
const mebibytes = figureFor({ quick: 64, full: 1024 });
const partMebibytes = figureFor({ quick: 2, full: 4 });
const KILLED_AT_SHARES = [0.1, 0.3, 0.5, 0.7, 0.9];
const MINUTES = 60_000;

test(`a transfer of ${mebibytes} MiB, killed ${KILLED_AT_SHARES.length} times, sends no more than a part again each`, {
  timeout: 20 * MINUTES,
}, async (t) => {
  const cloud = await ServedSite.start(t);
  await cloud.createBucket('lake-one');
  const object = { bucket: 'lake-one', name: 'big', mebibytes, chunkMebibytes: 32 };
  const sum = await uploadLarge(cloud.url, object);
  const sentMebibytes = async () =>
    (await cloud.counter('strait_http_sent_bytes_total', 'operation="objects.get"')) / MIB;
  const started = performance.now();
  const args = ['--cloud', cloud.url, '--transfer-part-bytes', `${partMebibytes}MiB`, '--reconcile-ms', '1s'];
  const site = await ServedSite.start(t, { site: 'east', args });
  let kills = 0;
  for (const share of KILLED_AT_SHARES) {
    const patience = { withinMs: 5 * MINUTES, pollMs: 2 };
    await until(`${share} of the object was sent`, patience, async () => (await sentMebibytes()) >= share * mebibytes);
    if ((await sentMebibytes()) >= mebibytes + kills * partMebibytes) break;
    await site.kill();
    kills += 1;
    await site.restart();
  }
  await until('caught up', { withinMs: 5 * MINUTES }, () => site.isCaughtUp());
  const seconds = (performance.now() - started) / 1000;
  const sentAgain = (await sentMebibytes()) - mebibytes;
  recordFigure({ name: `transfer of ${mebibytes} MiB: kills meanwhile`, value: kills });
  recordFigure({ name: `transfer of ${mebibytes} MiB: sent again`, value: sentAgain, unit: 'MiB' });
  recordFigure({ name: `transfer of ${mebibytes} MiB: a part`, value: partMebibytes, unit: 'MiB' });
  recordFigure({ name: `transfer of ${mebibytes} MiB: seconds`, value: Math.round(seconds), unit: 's' });
  assert.ok(kills >= 3, `only ${kills} kills came in time`);
  assert.deepEqual(await downloadSum(site.url, object), { size: mebibytes * MIB, crc32c: sum });
  assert.ok(sentAgain >= 0 && sentAgain <= kills * partMebibytes, `${sentAgain} MiB were sent again`);
});
