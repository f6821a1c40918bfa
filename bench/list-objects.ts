/**
 * A page of 1,000 names out of many against the same out of 10,000, over LMDB: warm, interleaved pairs, the median of
 * their ratios. The target is 1.2 (design §10). `STRAIT_BENCH_NAMES` says how many is many: 1,000,000 unless told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobId, generation } from '../src/model/ids.ts';
import { insertBucket } from '../src/namespace/buckets.ts';
import type { NamespaceDeps } from '../src/namespace/deps.ts';
import { listObjects } from '../src/namespace/list-objects.ts';
import { encodeInline } from '../src/namespace/rows/blob-rows.ts';
import { flatPlace, inlineKey, objectKey } from '../src/namespace/rows/keys.ts';
import { encodeObjectRow } from '../src/namespace/rows/object-row.ts';
import type { Write } from '../src/stores/metadata/port.ts';
import { openDurableNamespace } from '../test/support/durable-namespace.ts';
import type { BenchResult } from './run.ts';

const FEW = 10_000;
const MANY = Number(process.env['STRAIT_BENCH_NAMES'] ?? '1000000');
const PAIRS = 60;
const BUCKET = 'bench';
const NAMES_PER_FOLDER = 100;
const INLINE_BYTES = 2_000;

export async function run(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'strait-bench-list-'));
  try {
    const few = await lakeOf(join(folder, 'few'), FEW, false);
    const many = await lakeOf(join(folder, 'many'), MANY, false);
    const inline = await lakeOf(join(folder, 'inline'), Math.min(MANY, 200_000), true);
    const figures = {
      names: MANY,
      ...(await compare('page', few, many, pageMs)),
      ...(await compare('pageBesideInlineBytes', few, inline, pageMs)),
      ...(await compare('rolledUp', few, many, rolledUpMs)),
    };
    for (const lake of [few, many, inline]) await lake.deps.close();
    return { name: 'list-objects', figures };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Lake {
  readonly deps: NamespaceDeps & { close(): Promise<void> };
  readonly names: number;
}

async function lakeOf(folder: string, names: number, hasInlineBytes: boolean): Promise<Lake> {
  const deps = await openDurableNamespace(folder);
  const { id } = await insertBucket(deps, {
    name: BUCKET,
    project: 'p',
    location: 'US',
    storageClass: 'STANDARD',
    settings: {},
  });
  const bytes = encodeInline(Buffer.alloc(INLINE_BYTES, 'x'));
  const rowsOf = (index: number): Write[] => {
    const blob = blobId(index.toString(16).padStart(32, '0'));
    const row: Write = { kind: 'put', key: objectKey(flatPlace(id, nameOf(index))), value: rowOf(blob) };
    return hasInlineBytes ? [row, { kind: 'put', key: inlineKey(blob), value: bytes }] : [row];
  };
  for (let start = 0; start < names; start += 4_000) {
    const batches = Array.from({ length: 10 }, (_, batch) => start + batch * 400).filter((first) => first < names);
    const commitBatch = (first: number) => {
      const writes = Array.from({ length: Math.min(400, names - first) }, (_, at) => rowsOf(first + at)).flat();
      return deps.metadata.commit({ checks: [], writes });
    };
    await Promise.all(batches.map(commitBatch));
  }
  return { deps, names };
}

function nameOf(index: number): string {
  const digits = (value: number) => value.toString().padStart(8, '0');
  return `table/part-${digits(Math.floor(index / NAMES_PER_FOLDER))}/${digits(index % NAMES_PER_FOLDER)}.parquet`;
}

function rowOf(blob: ReturnType<typeof blobId>): Uint8Array {
  return encodeObjectRow({
    published: {
      generation: generation(1_700_000_000_000_000n),
      metageneration: 1n,
      size: INLINE_BYTES,
      crc32c: 1,
      md5: new Uint8Array(16),
      timeCreatedMs: 1,
      updatedMs: 1,
      timeStorageClassUpdatedMs: 1,
      contentType: 'application/octet-stream',
      content: { kind: 'local', segments: [{ blobId: blob, offset: 0, length: INLINE_BYTES, inline: true }] },
    },
    applied: { kind: 'same' },
  });
}

async function pageMs({ deps, names }: Lake): Promise<number> {
  const startOffset = nameOf(Math.floor(Math.random() * (names - 1_000)));
  return timed(() => listObjects(deps, { bucket: BUCKET, startOffset, maxResults: 1_000 }));
}

/** 50 folders of 100 names each. */
async function rolledUpMs({ deps, names }: Lake): Promise<number> {
  const startOffset = nameOf(Math.floor(Math.random() * (names - 51 * NAMES_PER_FOLDER)));
  return timed(() =>
    listObjects(deps, { bucket: BUCKET, prefix: 'table/', delimiter: '/', startOffset, maxResults: 50 }),
  );
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

async function compare(what: string, few: Lake, many: Lake, measure: (lake: Lake) => Promise<number>) {
  for (let warm = 0; warm < 10; warm += 1) for (const lake of [few, many]) await measure(lake);
  const [ratios, fewMs, manyMs]: [number[], number[], number[]] = [[], [], []];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const order = pair % 2 === 0 ? [few, many] : [many, few];
    const times = new Map<Lake, number>();
    for (const lake of order) times.set(lake, await measure(lake));
    fewMs.push(times.get(few) ?? 0);
    manyMs.push(times.get(many) ?? 0);
    ratios.push((times.get(many) ?? 0) / (times.get(few) ?? 1));
  }
  return {
    [`${what}FewMs`]: median(fewMs),
    [`${what}ManyMs`]: median(manyMs),
    [`${what}Ratio`]: median(ratios),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Number((sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(3));
}
