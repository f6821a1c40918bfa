/**
 * The rename of a folder with many objects against one with 10, over LMDB: warm, interleaved pairs, the median of their
 * ratios. The target is 3 (design §10). `STRAIT_BENCH_NAMES` says how many is many: 100,000 unless told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobId, generation } from '../src/model/ids.ts';
import { getBucket, insertBucket } from '../src/namespace/buckets.ts';
import type { NamespaceDeps } from '../src/namespace/deps.ts';
import { insertFolder, renameFolder } from '../src/namespace/folders/folders.ts';
import { objectKey } from '../src/namespace/rows/keys.ts';
import { encodeObjectRow } from '../src/namespace/rows/object-row.ts';
import { openDurableNamespace } from '../test/support/durable-namespace.ts';
import type { BenchResult } from './run.ts';

const FEW = 10;
const MANY = Number(process.env['STRAIT_BENCH_NAMES'] ?? '100000');
const PAIRS = 60;
const BUCKET = 'bench';

export async function run(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'strait-bench-rename-'));
  const deps = await openDurableNamespace(folder);
  try {
    await insertBucket(deps, {
      ...{ name: BUCKET, project: 'p', location: 'US', storageClass: 'STANDARD' },
      settings: {
        hierarchicalNamespace: { enabled: true },
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
      },
    });
    for (const [name, count] of [
      ['few', FEW],
      ['many', MANY],
    ] as const)
      await fill(deps, `${name}0/`, count);
    const pairs: { readonly few: number; readonly many: number }[] = [];
    for (let index = 0; index < PAIRS; index += 1) {
      pairs.push({ few: await renameMs(deps, 'few', index), many: await renameMs(deps, 'many', index) });
    }
    const figures = {
      names: MANY,
      fewMs: median(pairs.map(({ few }) => few)),
      manyMs: median(pairs.map(({ many }) => many)),
      ratio: median(pairs.map(({ few, many }) => many / few)),
    };
    return { name: 'folder-rename', figures };
  } finally {
    await deps.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(deps: NamespaceDeps, name: string, count: number): Promise<void> {
  const { id } = await insertFolder(deps, { address: { bucket: BUCKET, name }, isRecursive: false });
  const { id: bucketId } = await getBucket(deps, { name: BUCKET, preconditions: {} });
  for (let start = 0; start < count; start += 500) {
    const writes = Array.from({ length: Math.min(500, count - start) }, (_, at) => ({
      kind: 'put' as const,
      key: objectKey({ bucketId, folderId: id, leaf: `${start + at}` }),
      value: rowOf(start + at),
    }));
    await deps.metadata.commit({ checks: [], writes });
  }
}

function rowOf(index: number): Uint8Array {
  const id = blobId(index.toString(16).padStart(32, '0'));
  return encodeObjectRow({
    published: {
      ...{ generation: generation(1_700_000_000_000_000n), metageneration: 1n, size: 1, crc32c: 1 },
      ...{ timeCreatedMs: 1, updatedMs: 1, timeStorageClassUpdatedMs: 1 },
      content: { kind: 'local', segments: [{ blobId: id, offset: 0, length: 1, inline: true }] },
    },
    applied: { kind: 'same' },
  });
}

async function renameMs(deps: NamespaceDeps, name: string, index: number): Promise<number> {
  const [source, destination] = [`${name}${index}/`, `${name}${index + 1}/`];
  const started = performance.now();
  await renameFolder(deps, { bucket: BUCKET, source, destination, sourcePreconditions: {} });
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Number((sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(3));
}
