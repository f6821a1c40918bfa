/** A cloud with a million names in minutes: objects written through the namespace itself, without HTTP in between. */
import { join } from 'node:path';
import { insertBucket } from '../../src/namespace/buckets.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { insertObject } from '../../src/namespace/insert-object.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { forEachBounded } from '../../src/runtime/concurrency.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { FileBlobStore } from '../../src/stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../../src/stores/blobs/files/node-file-layer.ts';
import { LMDB_DEFAULTS, openLmdbMetadataStore } from '../../src/stores/metadata/lmdb/lmdb-store.ts';

export interface PreloadedObject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const WRITERS = 512;

/** Fills the data folder of a site called `cloud`, which nobody serves meanwhile. */
export async function preloadLake(
  folder: string,
  bucket: string,
  objects: Iterable<PreloadedObject> | AsyncIterable<PreloadedObject>,
): Promise<void> {
  const basics = { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints, logger: silentLogger };
  const metadata = openLmdbMetadataStore({ ...LMDB_DEFAULTS, folder: join(folder, 'metadata') }, basics);
  const blobs = await FileBlobStore.open({ ...basics, layer: new NodeFileLayer() }, { folder: join(folder, 'blobs') });
  const settings = { site: 'cloud', inlineBytesMax: 16_384, uploadTtlMs: 1e9, reapGraceMs: 1e9 };
  const deps: NamespaceDeps = { ...basics, metadata, blobs, settings };
  const bucketSettings = { project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} };
  await insertBucket(deps, { name: bucket, ...bucketSettings });
  await forEachBounded(objects, WRITERS, async ({ name, bytes }) => {
    const target = { bucket, name, attributes: {}, preconditions: {}, expected: {} };
    await insertObject(deps, { target, body: once(bytes) });
  });
  await metadata.close();
  await blobs.close();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
