/**
 * What every metadata adapter does alike: judge a transaction before it is run, and write stamps. Adapters differ in
 * how they make a commit durable, never in what they accept.
 */
import { StraitError } from '../../model/errors.ts';
import {
  type Check,
  type KeyRange,
  LIMITS,
  type ScanOptions,
  type Stamp,
  type Transaction,
  type Write,
} from './port.ts';

/** Bytes a stamp takes in a value. */
export const STAMP_BYTES = 8;

/** Below this, comparing every pair of keys is cheaper than building a set. */
const PAIRWISE_WRITES_MAX = 8;

export function compareKeys(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right);
}

/** A plain copy. Never `slice`: a Buffer's `slice` shares its memory. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The same transaction over bytes of its own. */
export function copyTransaction({ checks, writes, appends = [], mints = [] }: Transaction): Transaction {
  return {
    checks: checks.map(copyCheck),
    writes: writes.map((write) =>
      write.kind === 'delete'
        ? { kind: 'delete', key: copyBytes(write.key) }
        : { ...write, key: copyBytes(write.key), value: copyBytes(write.value) },
    ),
    appends: appends.map((append) => ({ ...append, value: copyBytes(append.value) })),
    mints: [...mints],
  };
}

export function copyCheck(check: Check): Check {
  if (check.kind !== 'rangeEmpty') return { ...check, key: copyBytes(check.key) };
  return { kind: 'rangeEmpty', range: { start: copyBytes(check.range.start), end: copyBytes(check.range.end) } };
}

export function refuse(message: string): StraitError {
  return new StraitError('invalidArgument', message, {});
}

export function closedError(): StraitError {
  return new StraitError('unavailable', 'the metadata store is closed', {});
}

export function snapshotEnded(): StraitError {
  const message = `a snapshot ends with its reader, and after ${LIMITS.snapshotMsMax} ms: read again`;
  return new StraitError('unavailable', message, {});
}

export function assertKey(key: Uint8Array): void {
  if (key.length === 0) throw refuse('a key has at least 1 byte');
  if (key.length > LIMITS.keyBytesMax) {
    throw refuse(`a key of ${key.length} bytes exceeds the limit of ${LIMITS.keyBytesMax}`);
  }
}

/** A bound may be empty, and one byte longer than a key: the successor of the longest key is a bound too. */
export function assertRange(range: KeyRange): void {
  const longest = Math.max(range.start.length, range.end.length);
  if (longest > LIMITS.keyBytesMax + 1) {
    throw refuse(`a range bound of ${longest} bytes exceeds the limit of ${LIMITS.keyBytesMax + 1}`);
  }
}

export function assertScan(range: KeyRange, options: ScanOptions): void {
  assertRange(range);
  if (!Number.isSafeInteger(options.limit) || options.limit < 1) {
    throw refuse(`a scan's limit is a whole number of 1 or more, not ${options.limit}`);
  }
}

/** Journals and mint scopes share one rule: 1 to `nameBytesMax` bytes of UTF-8 without NUL. */
export function assertName(what: 'journal' | 'scope', name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > LIMITS.nameBytesMax || name.includes('\0')) {
    throw refuse(`a ${what} name has 1 to ${LIMITS.nameBytesMax} bytes and no NUL; this one has ${bytes} bytes`);
  }
}

/** Throws `invalidArgument` for the first limit or rule that `transaction` breaks. Reads no row. */
export function assertTransaction(transaction: Transaction): void {
  const { checks, writes, appends = [], mints = [] } = transaction;
  assertCount('checks', checks.length, LIMITS.checksPerCommitMax);
  assertCount('writes', writes.length, LIMITS.writesPerCommitMax);
  assertCount('appends', appends.length, LIMITS.appendsPerCommitMax);
  assertCount('mints', mints.length, LIMITS.mintsPerCommitMax);
  let bytes = 0;
  for (const check of checks) {
    if (check.kind === 'rangeEmpty') assertRange(check.range);
    else assertKey(check.key);
  }
  for (const write of writes) {
    assertKey(write.key);
    bytes += write.key.length;
    if (write.kind === 'put') bytes += valueBytes(write.value, write.stamps, transaction);
  }
  for (const append of appends) {
    assertName('journal', append.journal);
    bytes += valueBytes(append.value, append.stamps, transaction);
  }
  for (const mint of mints) {
    assertName('scope', mint.scope);
    if (mint.nowMicros < 0n || mint.nowMicros > MICROS_MAX) throw refuse('nowMicros is out of range');
  }
  if (bytes > LIMITS.bytesPerCommitMax) {
    throw refuse(`a commit of ${bytes} bytes exceeds the limit of ${LIMITS.bytesPerCommitMax}`);
  }
  assertDistinctKeys(writes);
}

/** Minted numbers are signed 64-bit on the wire and in some stores; this leaves room to count on. */
const MICROS_MAX = 1n << 62n;

function assertCount(what: string, count: number, max: number): void {
  if (count > max) throw refuse(`a commit of ${count} ${what} exceeds the limit of ${max}`);
}

function valueBytes(value: Uint8Array, stamps: readonly Stamp[] | undefined, transaction: Transaction): number {
  if (value.length > LIMITS.valueBytesMax) {
    throw refuse(`a value of ${value.length} bytes exceeds the limit of ${LIMITS.valueBytesMax}`);
  }
  if (stamps !== undefined) for (const stamp of stamps) assertStamp(stamp, value.length, transaction);
  return value.length;
}

function assertStamp(stamp: Stamp, length: number, transaction: Transaction): void {
  const { offset } = stamp;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset + STAMP_BYTES > length) {
    throw refuse(`a stamp at offset ${offset} does not fit a value of ${length} bytes`);
  }
  const index = stamp.kind === 'seq' ? stamp.append : stamp.mint;
  const count = (stamp.kind === 'seq' ? transaction.appends : transaction.mints)?.length ?? 0;
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw refuse(`a ${stamp.kind} stamp names number ${index} of ${count}`);
  }
}

function assertDistinctKeys(writes: readonly Write[]): void {
  if (writes.length < 2) return;
  if (writes.length <= PAIRWISE_WRITES_MAX) {
    for (const [index, write] of writes.entries()) {
      for (let other = 0; other < index; other += 1) {
        if (compareKeys(write.key, writes[other]?.key ?? write.key) === 0) throw twoWrites();
      }
    }
    return;
  }
  const seen = new Set<string>();
  for (const { key } of writes) seen.add(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1'));
  if (seen.size !== writes.length) throw twoWrites();
}

function twoWrites(): StraitError {
  return refuse('a commit writes a key at most once');
}

/** The next number of a high-water mark whose last number was `last` (0n: none yet). */
export function nextMint(nowMicros: bigint, last: bigint): bigint {
  return nowMicros > last ? nowMicros : last + 1n;
}

/** Writes the stamps into `value` itself, `shift` bytes further on (an adapter's own prefix): give it a copy. */
export function writeStamps(
  value: Uint8Array,
  stamps: readonly Stamp[],
  numbers: { readonly seqs: readonly bigint[]; readonly minted: readonly bigint[] },
  shift = 0,
): void {
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  for (const stamp of stamps) {
    const number = stamp.kind === 'seq' ? numbers.seqs[stamp.append] : numbers.minted[stamp.mint];
    view.setBigUint64(stamp.offset + shift, number ?? 0n);
  }
}
