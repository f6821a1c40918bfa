/**
 * The LMDB metadata store against raw LMDB through the same binding, page size and durability: interleaved pairs, the
 * median of their ratios with its bootstrap 90 % interval (design §10). Targets (`perf.md`): random get 0.7, durable
 * ordered put 0.8. `STRAIT_BENCH_ROWS` is the number of rows around: 100,000 unless told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { seededRandom } from '../src/runtime/random.ts';
import type { MetadataStore } from '../src/stores/metadata/port.ts';
import { openMetadataStore } from '../test/support/open-metadata-store.ts';
import type { BenchResult } from './run.ts';

const ROWS = Number(process.env['STRAIT_BENCH_ROWS'] ?? '100000');
const PAIRS = 9;
const VALUE = Buffer.alloc(350, 'v');
const SCAN_ROWS = 1_000;
const WRITERS: readonly { readonly writers: number; readonly commits: number }[] = [
  { writers: 1, commits: 300 },
  { writers: 16, commits: 2_000 },
  { writers: 256, commits: 8_000 },
];
const GETS = 20_000;

/** The same four operations, ours and raw. */
interface Subject {
  put(key: Buffer): Promise<unknown>;
  get(key: Buffer): Promise<unknown> | unknown;
  scan(start: Buffer): Promise<number> | number;
}

interface Pair {
  readonly ours: Subject;
  readonly raw: Subject;
}

type Work = (subject: Subject, round: number) => Promise<number>;

export async function run(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'strait-bench-metadata-'));
  const store = await openMetadataStore('lmdb', join(folder, 'ours'));
  const root = open<Buffer, Buffer>({
    path: join(folder, 'raw', 'raw.mdb'),
    noSubdir: true,
    pageSize: 8_192,
    mapSize: 2 ** 40,
    overlappingSync: false,
    keyEncoding: 'binary',
    encoding: 'binary',
  });
  try {
    const rows = root.openDB<Buffer, Buffer>('rows', { keyEncoding: 'binary', encoding: 'binary' });
    await fill(store, rows, root);
    const pair: Pair = { ours: oursOn(store), raw: rawOn(rows) };
    const figures: Record<string, number> = { rows: ROWS };
    for (const { writers, commits } of WRITERS) {
      const ordered = await compare(pair, (subject, round) => putRate(subject, { writers, commits, round }));
      Object.assign(figures, named(`orderedCommits${writers}`, ordered));
    }
    const [middle] = WRITERS.slice(-1);
    const scattered = { writers: middle?.writers ?? 1, commits: 4_000, isScattered: true };
    const random = await compare(pair, (subject, round) => putRate(subject, { ...scattered, round }));
    Object.assign(figures, named(`scatteredCommits${scattered.writers}`, random));
    Object.assign(figures, named('randomGets', await compare(pair, getRate)));
    Object.assign(figures, named('scansOf1000', await compare(pair, scanRate)));
    return { name: 'metadata', figures };
  } finally {
    await store.close();
    await root.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function keyOf(index: number, space = 'object/'): Buffer {
  const key = Buffer.alloc(64, '/');
  key.write(space);
  key.write(String(index).padStart(12, '0'), 48);
  return key;
}

async function fill(store: MetadataStore, rows: Database<Buffer, Buffer>, root: RootDatabase): Promise<void> {
  for (let start = 0; start < ROWS; start += 1_000) {
    const keys = Array.from({ length: 1_000 }, (_, index) => keyOf(start + index));
    await store.commit({ checks: [], writes: keys.map((key) => ({ kind: 'put', key, value: VALUE })) });
    await root.transaction(() => void keys.map((key) => rows.putSync(key, VALUE)));
  }
}

function oursOn(store: MetadataStore): Subject {
  return {
    put: (key) => store.commit({ checks: [], writes: [{ kind: 'put', key, value: VALUE }] }),
    get: (key) => store.get([key]),
    scan: async (start) => (await store.scan({ start, end: keyOf(0, 'object0') }, { limit: SCAN_ROWS })).length,
  };
}

function rawOn(rows: Database<Buffer, Buffer>): Subject {
  return {
    put: (key) => rows.put(key, VALUE),
    get: (key) => rows.getBinary(key),
    scan: (start) => {
      let count = 0;
      for (const { key, value } of rows.getRange({ start, limit: SCAN_ROWS })) count += key && value ? 1 : 0;
      return count;
    },
  };
}

interface PutLoad {
  readonly writers: number;
  readonly commits: number;
  readonly round: number;
  readonly isScattered?: boolean;
}

/** Commits a second. In order: new names of one folder. Scattered: rows anywhere, each on a page of its own. */
async function putRate(subject: Subject, load: PutLoad): Promise<number> {
  const random = seededRandom(load.round + 1);
  let next = 0;
  const keyAt = (index: number) =>
    load.isScattered
      ? keyOf(Math.floor(random.unit() * ROWS))
      : keyOf(index, `ordered${load.writers}/${String(load.round).padStart(3, '0')}/`);
  const writer = async () => {
    while (next < load.commits) {
      next += 1;
      await subject.put(keyAt(next));
    }
  };
  return rate(load.commits, () => Promise.all(Array.from({ length: load.writers }, writer)));
}

function getRate(subject: Subject, round: number): Promise<number> {
  const random = seededRandom(round + 1);
  return rate(GETS, async () => {
    for (let index = 0; index < GETS; index += 1) await subject.get(keyOf(Math.floor(random.unit() * ROWS)));
  });
}

function scanRate(subject: Subject, round: number): Promise<number> {
  const random = seededRandom(round + 1);
  const scans = 40;
  return rate(scans, async () => {
    for (let index = 0; index < scans; index += 1) {
      const count = await subject.scan(keyOf(Math.floor(random.unit() * Math.max(1, ROWS - SCAN_ROWS))));
      if (count !== Math.min(SCAN_ROWS, ROWS)) throw new Error(`a scan gave ${count} rows`);
    }
  });
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return count / ((performance.now() - startMs) / 1_000);
}

interface Compared {
  readonly ours: number;
  readonly raw: number;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

async function compare({ ours, raw }: Pair, work: Work): Promise<Compared> {
  await work(ours, PAIRS);
  await work(raw, PAIRS);
  const rounds: { readonly ours: number; readonly raw: number }[] = [];
  for (let round = 0; round < PAIRS; round += 1) {
    // Whoever comes second finds a warmer machine: they take turns.
    const first = round % 2 === 0 ? await work(ours, round) : undefined;
    const rawRate = await work(raw, round);
    rounds.push({ ours: first ?? (await work(ours, round)), raw: rawRate });
  }
  const ratios = rounds.map((pair) => pair.ours / pair.raw);
  const [low, high] = bootstrap(ratios);
  const [oursMedian, rawMedian] = [median(rounds.map((pair) => pair.ours)), median(rounds.map((pair) => pair.raw))];
  return { ours: oursMedian, raw: rawMedian, ratio: median(ratios), low, high };
}

function named(name: string, { ours, raw, ratio, low, high }: Compared): Record<string, number> {
  const round = (value: number) => Number(value.toPrecision(3));
  return {
    [`${name}PerSecond`]: round(ours),
    [`${name}PerSecondRaw`]: round(raw),
    [`${name}Ratio`]: round(ratio),
    [`${name}RatioLow`]: round(low),
    [`${name}RatioHigh`]: round(high),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The 5th and 95th percentile of the median over resamples of the pairs. */
function bootstrap(values: readonly number[]): readonly [number, number] {
  const random = seededRandom(1);
  const medians = Array.from({ length: 1_000 }, () =>
    median(values.map(() => values[Math.floor(random.unit() * values.length)] ?? 0)),
  ).sort((a, b) => a - b);
  return [medians[50] ?? Number.NaN, medians[949] ?? Number.NaN];
}
