import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamespaceDeps, NamespaceSettings } from '../../src/namespace/deps.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { type CrashPoints, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import { openMetadataStore } from './open-metadata-store.ts';

export interface DurableParts {
  readonly clock?: Clock;
  readonly crashPoints?: CrashPoints;
  readonly settings?: Partial<NamespaceSettings>;
}

/** What a site's processes share on one machine: LMDB and files in one folder. */
export async function openDurableNamespace(
  folder: string,
  { clock = systemClock, crashPoints = noCrashPoints, settings = {} }: DurableParts = {},
): Promise<NamespaceDeps & { close(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const metadata = await openMetadataStore('lmdb', join(folder, 'metadata'), { clock, crashPoints });
  const layer = new NodeFileLayer();
  const blobs = await FileBlobStore.open(
    { clock, random: systemRandom, crashPoints, layer },
    { folder: join(folder, 'blobs') },
  );
  return {
    metadata,
    blobs,
    clock,
    random: systemRandom,
    crashPoints,
    logger: silentLogger,
    settings: { site: 'here', inlineBytesMax: 16_384, uploadTtlMs: 604_800_000, reapGraceMs: 200, ...settings },
    async close() {
      await blobs.close();
      await metadata.close();
    },
  };
}
