import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BlobId } from '../../src/model/ids.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { S3BlobStore } from '../../src/stores/blobs/s3/s3-blob-store.ts';
import { startS3Server, whyNoS3Server } from '../support/s3-server.ts';
import { blobStoreContract } from './blob-store.ts';

const reason = whyNoS3Server();
if (reason !== undefined) test('blob store contract: s3', { skip: reason }, () => {});
else {
  blobStoreContract('s3', async () => {
    const server = await startS3Server();
    const { endpoint, bucket, keys } = server;
    const deps = { clock: systemClock, random: systemRandom, crashPoints: noCrashPoints };
    const pathOf = (id: BlobId) => join(server.bucketFolder, 'blobs', id);
    return {
      open: async () => new S3BlobStore(deps, { endpoint, bucket, keys }),
      stored: { read: (id) => readFile(pathOf(id)), replace: (id, bytes) => writeFile(pathOf(id), bytes) },
      folder: server.bucketFolder,
      rounds: 10,
      close: () => server.close(),
    };
  });
}
