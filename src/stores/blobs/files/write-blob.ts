import { createHash } from 'node:crypto';
import type { BlobId } from '../../../model/ids.ts';
import { BatchWriter } from '../batch-writer.ts';
import { encodeFooter, encodeHeader } from '../blob-format.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { SealedBlob, StagingOptions } from '../port.ts';
import { freshEncoder } from '../staged-encoder.ts';
import { translateDiskError, unlessMissing } from './disk-errors.ts';
import type { FileEnv } from './file-env.ts';
import type { LayerFile } from './file-layer.ts';
import { nameBlob } from './seal-staging.ts';

/** A left-over file is at least this old before anybody looks at it: its writer has long taken its lock. */
const LEFT_OVER_AFTER_MS = 60_000;

/** Writes a blob in one go. Nothing of it is left when it fails. */
export async function writeBlob(
  env: FileEnv,
  id: BlobId,
  source: AsyncIterable<Uint8Array>,
  options: StagingOptions,
): Promise<SealedBlob> {
  const path = env.paths.beingWritten(id);
  const guarded = new GuardedSource(source);
  env.writeShare.enter();
  try {
    const file = await env.layer.open(path, 'createNew');
    let sealed: SealedBlob | undefined;
    try {
      file.tryLock();
      sealed = await fill(env, file, { id, guarded, options });
      if (sealed !== undefined) await nameBlob(env, path, id);
    } finally {
      if (sealed === undefined) await env.layer.unlink(path).catch(() => {});
      await file.close();
    }
    if (sealed !== undefined) return sealed;
  } catch (error) {
    throw translateDiskError(error);
  } finally {
    env.writeShare.leave();
  }
  throw guarded.failure?.sourceError;
}

/** Writes and flushes header, blocks and footer; `undefined` when the source failed. */
async function fill(
  env: FileEnv,
  file: LayerFile,
  { id, guarded, options }: { readonly id: BlobId; readonly guarded: GuardedSource; readonly options: StagingOptions },
): Promise<SealedBlob | undefined> {
  const encoder = freshEncoder(id, { dataKey: options.dataKey, random: env.random });
  const hash = options.md5 ? createHash('md5') : undefined;
  const write = (pieces: readonly Uint8Array[], position: number) => file.write(pieces, position);
  const batch = new BatchWriter(0, () => env.writeShare.bytesEach, write);
  batch.add(encodeHeader(id, encoder.cipher));
  try {
    for await (const chunk of guarded.chunks()) {
      hash?.update(chunk);
      encoder.push(chunk, batch.add);
      if (batch.isFull) await batch.flush();
    }
    if (guarded.failure !== undefined) return undefined;
    encoder.end(batch.add);
    const sums = { crc32c: encoder.crc32c, ...(hash && { md5: Uint8Array.from(hash.digest()) }) };
    const sealed: SealedBlob = { blobId: id, size: encoder.state.offset, ...sums };
    batch.add(encodeFooter(sealed));
    await batch.drain();
    env.crashPoints.reach('blob.after-data-write');
    await file.sync();
    return sealed;
  } finally {
    await batch.settle();
  }
}

/** Removes what writers left behind that died: nobody holds their locks. */
export async function removeLeftOvers(env: FileEnv): Promise<void> {
  for await (const name of env.layer.list(env.paths.writing)) {
    const path = env.paths.beingWritten(name);
    await unlessMissing(async () => {
      const file = await env.layer.open(path, 'update');
      try {
        const { modifiedMs } = await file.stat();
        if (env.clock.nowMs() - modifiedMs > LEFT_OVER_AFTER_MS && file.tryLock()) await env.layer.unlink(path);
      } finally {
        await file.close();
      }
    });
  }
}
