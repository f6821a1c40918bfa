import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RangeWindow } from './range-window.ts';

const CONTENT = Buffer.from('abcdefghijklmnopqrstuvwxyz');

async function gather(window: RangeWindow): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of window.arrived()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('what is asked for and not yet durable never exceeds the window, and comes in order', async () => {
  let durable = 3;
  let askedTo = durable;
  let mostBytes = 0;
  const settings = { size: CONTENT.length, start: durable, windowBytes: 8, ranges: 4 };
  const window = new RangeWindow(settings, async function* ({ start, end }) {
    askedTo = Math.max(askedTo, end);
    mostBytes = Math.max(mostBytes, askedTo - durable);
    // Later ranges arrive first.
    for (let turn = 0; turn < CONTENT.length - start; turn += 1) await Promise.resolve();
    yield CONTENT.subarray(start, start + 1);
    yield CONTENT.subarray(start + 1, end);
  });
  let text = '';
  while (durable < CONTENT.length) {
    window.fill(durable);
    const part = await gather(window);
    assert.ok(part.length > 0);
    text += part;
    durable += part.length;
  }
  assert.equal(text, CONTENT.subarray(3).toString());
  assert.equal(mostBytes, 8);
  window.fill(durable);
  assert.equal(await gather(window), '');
});

test('a short range is an error before any byte behind it, and closing ends what is on its way', async () => {
  const settings = { size: 8, start: 0, windowBytes: 8, ranges: 2 };
  let isEnded = false;
  const window = new RangeWindow(settings, async function* ({ start }, signal) {
    if (start === 0) yield CONTENT.subarray(0, 3);
    else await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    isEnded = signal.aborted;
  });
  window.fill(0);
  await assert.rejects(gather(window), /3 of 4 bytes of a range came/);
  window.close();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(isEnded, true);
});
