import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transaction } from './port.ts';
import { copyTransaction, nextMint, writeStamps } from './transaction.ts';

test('a mark goes to now when now is ahead, else one further', () => {
  assert.deepEqual([nextMint(5n, 0n), nextMint(5n, 4n), nextMint(5n, 5n), nextMint(0n, 9n)], [5n, 5n, 6n, 10n]);
});

test('stamps are big-endian, at their offset, shifted by the prefix', () => {
  const value = new Uint8Array(20).fill(0xee);
  const stamps = [
    { kind: 'seq', append: 1, offset: 2 },
    { kind: 'generation', mint: 0, offset: 10 },
  ] as const;
  writeStamps(value.subarray(1), stamps, { seqs: [9n, 0x0102n], minted: [2n ** 63n] }, 1);
  assert.equal(Buffer.from(value).toString('hex'), 'eeeeeeee' + '0000000000000102' + '8000000000000000');
});

test('a copy shares no byte with what it copies, Buffers included', () => {
  const bytes = (text: string) => Buffer.from(text);
  const transaction: Transaction = {
    checks: [
      { kind: 'absent', key: bytes('k1') },
      { kind: 'rangeEmpty', range: { start: bytes('k2'), end: bytes('k3') } },
    ],
    writes: [
      { kind: 'put', key: bytes('k4'), value: bytes('v1') },
      { kind: 'delete', key: bytes('k5') },
    ],
    appends: [{ journal: 'j', value: bytes('v2') }],
  };
  const copy = copyTransaction(transaction);
  const arrays = ({ checks, writes, appends = [] }: Transaction) => [
    ...checks.flatMap((check) => (check.kind === 'rangeEmpty' ? [check.range.start, check.range.end] : [check.key])),
    ...writes.flatMap((write) => (write.kind === 'put' ? [write.key, write.value] : [write.key])),
    ...appends.map(({ value }) => value),
  ];
  for (const array of arrays(transaction)) array.fill(0);
  assert.equal(
    arrays(copy)
      .map((array) => Buffer.from(array).toString())
      .join(),
    'k1,k2,k3,k4,v1,k5,v2',
  );
});
