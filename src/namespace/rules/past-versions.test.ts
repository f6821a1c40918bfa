import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generation } from '../../model/ids.ts';
import type { NamedObject, ObjectState } from '../../model/object.ts';
import type { ListPosition } from './list-page.ts';
import { beforeShown, mergeVersions, type PastVersion } from './past-versions.ts';

function item(name: string, number: number, timeCreatedMs = number): NamedObject {
  const state: ObjectState = {
    generation: generation(BigInt(number)),
    metageneration: 1n,
    size: 1,
    crc32c: 1,
    timeCreatedMs,
    updatedMs: timeCreatedMs,
    timeStorageClassUpdatedMs: timeCreatedMs,
    content: { kind: 'remote' },
  };
  return { bucket: 'lake', name, state };
}
const past = (name: string, number: number, timeCreatedMs?: number): PastVersion => ({
  ...item(name, number, timeCreatedMs),
  version: Buffer.of(number),
});
const none = { items: [], prefixes: [] };
const told = ({ items }: { readonly items: readonly NamedObject[] }) =>
  items.map(({ name, state }) => `${name}#${state.generation}`);
const at = (name: string, version?: number): ListPosition => ({
  kind: 'item',
  name,
  ...(version === undefined ? {} : { version: Buffer.of(version) }),
});

test('what the owner lists before the shown version came before it, whatever the numbers', () => {
  const versions = [past('a', 9, 1), past('a', 2, 1), past('a', 5, 1)];
  const numbers = (shown?: NamedObject) =>
    beforeShown(versions, shown?.state).map(({ state }) => Number(state.generation));
  assert.deepEqual(numbers(item('a', 2, 1)), [9]);
  assert.deepEqual(numbers(item('a', 9, 1)), []);
  assert.deepEqual(numbers(), [9, 2, 5], 'of a name that is not shown all are past');
});

test('when the owner has the shown version no more, the time of creation says what came before it', () => {
  const versions = [past('a', 1, 10), past('a', 3, 30)];
  assert.deepEqual(told({ items: beforeShown(versions, item('a', 2, 20).state) }), ['a#1']);
});

test('versions of a name stand together, the live one last', () => {
  const live = { items: [item('a', 3), item('c', 7)], prefixes: ['d/'] };
  const page = mergeVersions(live, { items: [past('a', 1), past('a', 2), past('b', 5)], prefixes: ['d/', 'e/'] }, 9);
  assert.deepEqual(told(page), ['a#1', 'a#2', 'a#3', 'b#5', 'c#7']);
  assert.deepEqual(page.prefixes, ['d/', 'e/']);
  assert.equal(page.nextAfter, undefined);
  assert.ok(!('version' in (page.items[0] ?? {})));
});

test('a page ends where either part was cut', () => {
  const live = { items: [item('a', 3), item('b', 4), item('c', 7)], prefixes: [] };
  const cutInName = mergeVersions(live, { items: [past('b', 1)], prefixes: [], nextAfter: at('b', 1) }, 9);
  assert.deepEqual([told(cutInName), cutInName.nextAfter], [['a#3', 'b#1'], at('b', 1)], 'its live one waits');
  const cutLive = mergeVersions({ ...live, nextAfter: at('c') }, { items: [past('d', 1)], prefixes: [] }, 9);
  assert.deepEqual([told(cutLive), cutLive.nextAfter], [['a#3', 'b#4', 'c#7'], at('c')]);
  const cutBoth = mergeVersions({ ...live, nextAfter: at('c') }, { ...none, nextAfter: at('c', 6) }, 9);
  assert.deepEqual([told(cutBoth), cutBoth.nextAfter], [['a#3', 'b#4'], at('c', 6)]);
});

test('a full page ends behind what it shows last', () => {
  const live = { items: [item('a', 3), item('b', 4)], prefixes: ['c/'] };
  const versions = { items: [past('a', 1), past('a', 2)], prefixes: [] };
  const pages = [1, 2, 3, 4, 5, 6].map((maxResults) => mergeVersions(live, versions, maxResults));
  assert.deepEqual(
    pages.map(({ nextAfter }) => nextAfter),
    [at('a', 1), at('a', 2), at('a'), at('b'), undefined, undefined],
  );
  assert.deepEqual(pages.map(told)[2], ['a#1', 'a#2', 'a#3']);
  const cut = mergeVersions(live, { ...versions, nextAfter: { kind: 'item', name: 'c/x' } }, 9);
  assert.deepEqual(cut.nextAfter, { kind: 'prefix', name: 'c/' }, 'a prefix stands for all under it');
});
