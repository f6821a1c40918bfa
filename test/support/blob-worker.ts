/**
 * A process of its own over a file blob store, for tests that kill it or pass work between processes.
 * `FOLDER serve` does what messages ask; `FOLDER work [encrypted] [CRASH_POINT COUNT]` writes and stages until it dies,
 * saying what was acknowledged in lines of JSON.
 */
import { writeSync } from 'node:fs';
import { stagingId } from '../../src/model/ids.ts';
import { SecretKey } from '../../src/model/secret-key.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { CRASH_POINTS, crashAt, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import { chunked, patterned } from './patterned-bytes.ts';

export interface WorkerRequest {
  readonly id: string;
  readonly offset: number;
  readonly length: number;
  readonly seed: number;
}

export type WorkerReply = { readonly durableOffset: number } | { readonly failed: string };

export type Acknowledged =
  | { readonly kind: 'written' | 'sealed'; readonly id: string; readonly size: number }
  | { readonly kind: 'staged'; readonly id: string; readonly offset: number };

/** What every blob of the worker begins with. */
export const WORK_CONTENT = patterned(200_000, 9);
export const WORK_CHECKPOINT_BYTES = 50_000;

/** What the worker encrypts with, when it is told to. */
export const WORK_KEY = new SecretKey(patterned(32, 77));

const [folder = '', mode, ...rest] = process.argv.slice(2);
const dataKey = rest[0] === 'encrypted' ? WORK_KEY : undefined;
const [point, count] = dataKey === undefined ? rest : rest.slice(1);
const key = dataKey && { dataKey };
if (mode === 'serve' || mode === 'work') {
  const crashPoint = CRASH_POINTS.find((name) => name === point);
  const crashPoints = crashPoint === undefined ? noCrashPoints : crashAt(crashPoint, Number(count));
  const deps = { clock: systemClock, random: systemRandom, crashPoints, layer: new NodeFileLayer() };
  const store = await FileBlobStore.open(deps, { folder, checkpointBytes: WORK_CHECKPOINT_BYTES });
  if (mode === 'serve') serve(store);
  else await Promise.all([work(store), work(store), work(store)]);
}

function serve(store: FileBlobStore): void {
  process.on('message', async ({ id, offset, length, seed }: WorkerRequest) => {
    const source = chunked(patterned(length, seed));
    const reply: WorkerReply = await store.append(stagingId(id), offset, source).then(
      ({ durableOffset }) => ({ durableOffset }),
      (error: unknown) => ({ failed: String(error) }),
    );
    process.send?.(reply);
  });
}

async function work(store: FileBlobStore): Promise<void> {
  const say = (line: Acknowledged) => void writeSync(1, `${JSON.stringify(line)}\n`);
  for (;;) {
    const { blobId, size } = await store.write(chunked(WORK_CONTENT), { md5: false, ...key });
    say({ kind: 'written', id: blobId, size });
    const id = await store.begin({ md5: true, ...key });
    say({ kind: 'staged', id, offset: 0 });
    for (const end of [70_000, WORK_CONTENT.length]) {
      const offset = end === 70_000 ? 0 : 70_000;
      await store.append(id, offset, chunked(WORK_CONTENT.subarray(offset, end)), dataKey);
      say({ kind: 'staged', id, offset: end });
    }
    const sealed = await store.seal(id, dataKey);
    say({ kind: 'sealed', id: sealed.blobId, size: sealed.size });
  }
}
