import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stagingId } from '../../../model/ids.ts';
import { encodeSlot, encodeTail, newestProgress, type Progress, tailPosition } from './progress.ts';

const ID = stagingId('00112233445566778899aabbccddeeff');
const saved = (save: number): Progress & { readonly tail: Uint8Array } => ({
  stagingId: ID,
  save,
  createdMs: 1,
  encoder: { offset: save * 100, fullCrc32c: 1, startedCrc32c: 2 },
  tail: new Uint8Array(500).fill(save),
});

/** What a progress file of these saves gives, with the tails as they lie on disk. */
function read(saves: readonly Progress[], tails: ReadonlyMap<number, Uint8Array>) {
  const slots = saves.map((progress) => encodeSlot(progress));
  const readTail = async (position: number, bytes: number) =>
    Buffer.from(tails.get(position)?.subarray(0, bytes) ?? new Uint8Array());
  return newestProgress(ID, slots, readTail);
}

test('a save whose tail was not written whole does not count; the one before it does', async () => {
  const [before, after] = [saved(4), saved(5)];
  const stored = (progress: Progress & { readonly tail: Uint8Array }) => Buffer.concat([...encodeTail(progress)]);
  const whole = new Map([before, after].map((progress) => [tailPosition(progress.save), stored(progress)]));
  assert.deepEqual(await read([before, after], whole), { ...after, tail: Buffer.from(after.tail) });
  const torn = Buffer.from(stored(after));
  torn.fill(0, 300);
  // Of the save before last: the place is the same, the bytes hold, and the number they are tied to is another.
  const stale = stored({ ...saved(3), tail: after.tail });
  for (const tail of [torn, stale, stored(after).subarray(0, 400), new Uint8Array()]) {
    const found = await read([before, after], new Map([...whole, [tailPosition(5), tail]]));
    assert.equal(found?.save, 4);
  }
  assert.equal(await read([before, after], new Map()), undefined);
});

test('a staging that is not encrypted asks for no tail', async () => {
  const { tail: _tail, ...plain } = saved(4);
  const progress = { ...plain, md5State: Uint8Array.of(1, 2, 3) };
  assert.deepEqual(await read([progress], new Map()), progress);
});
