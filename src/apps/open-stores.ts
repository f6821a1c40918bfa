import { join } from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import type { ServeConfig } from '../runtime/config/serve-config.ts';
import type { CrashPoints } from '../runtime/crash-points.ts';
import type { Random } from '../runtime/random.ts';
import { FileBlobStore } from '../stores/blobs/files/file-blob-store.ts';
import { NodeFileLayer } from '../stores/blobs/files/node-file-layer.ts';
import { MemoryBlobStore } from '../stores/blobs/memory/memory-blob-store.ts';
import type { BlobStore } from '../stores/blobs/port.ts';
import { S3BlobStore } from '../stores/blobs/s3/s3-blob-store.ts';
import { LMDB_DEFAULTS, openLmdbMetadataStore } from '../stores/metadata/lmdb/lmdb-store.ts';
import { MemoryMetadataStore } from '../stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../stores/metadata/port.ts';
import { openPostgresMetadataStore, POSTGRES_DEFAULTS } from '../stores/metadata/postgres/postgres-store.ts';

export interface StoreDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crashPoints: CrashPoints;
}

/** The metadata store the configuration names; its checks have made sure that what it needs is there. */
export async function openMetadata(deps: StoreDeps, config: ServeConfig): Promise<MetadataStore> {
  switch (config.metadata) {
    case 'lmdb':
      return openLmdbMetadataStore({ ...LMDB_DEFAULTS, folder: join(needed(config.data), 'metadata') }, deps);
    case 'memory':
      return new MemoryMetadataStore(deps);
    case 'postgres':
      // A schema of the site's own: sites may share a server, never a store.
      return openPostgresMetadataStore(
        { ...POSTGRES_DEFAULTS, url: `${needed(config.metadataUrl)}`, schema: `strait_${config.site}` },
        deps,
      );
  }
}

export async function openBlobs(deps: StoreDeps, config: ServeConfig): Promise<BlobStore> {
  switch (config.blobs) {
    case 'files':
      return FileBlobStore.open(
        { ...deps, layer: new NodeFileLayer() },
        { folder: join(needed(config.data), 'blobs') },
      );
    case 'memory':
      return new MemoryBlobStore(deps);
    case 's3':
      return new S3BlobStore(deps, {
        endpoint: needed(config.s3Endpoint).href.replace(/\/$/, ''),
        bucket: needed(config.s3Bucket),
        keys: {
          region: config.s3Region,
          accessKeyId: needed(config.s3AccessKeyId),
          secretAccessKey: needed(config.s3SecretAccessKey),
        },
      });
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the configuration was not checked');
  return value;
}
