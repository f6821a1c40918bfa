import { type BlobId, blobId } from '../../../model/ids.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import { encodeFooter, encodeHeader, layoutOfSize } from '../blob-format.ts';
import type { SealedBlob } from '../port.ts';
import { corruptBlob } from '../refusals.ts';
import { StagedEncoder, storedEnd } from '../staged-encoder.ts';
import type { FileEnv } from './file-env.ts';
import type { LayerFile } from './file-layer.ts';
import { APPENDER_BYTES, type Progress } from './progress.ts';
import type { StagingFile } from './staging-file.ts';

/**
 * Makes a staging's bytes a blob. `undefined`: they were one already; then its name is durable and the progress gone.
 * A crash anywhere leaves either the staging as it was or the whole blob.
 */
export async function sealStaging(
  env: FileEnv,
  staging: StagingFile,
  dataKey: SecretKey | undefined,
): Promise<SealedBlob | undefined> {
  return await staging.locked(async () => {
    const progress = await staging.progress();
    if (progress === undefined) return undefined;
    // Whoever still appends must not write into the blob.
    await staging.claim(env.random.bytes(APPENDER_BYTES));
    const data = await staging.data(progress);
    const sealed = data && (await finishFile(env, data, progress, dataKey));
    if (sealed === undefined) await env.folderSync.run(env.paths.fanOut(blobId(staging.id)));
    else await nameBlob(env, env.paths.stagedData(staging.id), sealed.blobId);
    await staging.unlinkProgress();
    return sealed;
  });
}

/** Gives a whole and flushed file its blob name, durably. */
export async function nameBlob(env: FileEnv, from: string, id: BlobId): Promise<void> {
  env.crashPoints.reach('blob.after-data-fsync');
  await env.layer.rename(from, env.paths.blob(id));
  env.crashPoints.reach('blob.after-rename');
  await env.folderSync.run(env.paths.fanOut(id));
  env.crashPoints.reach('blob.after-folder-fsync');
}

/** Ends the last block, adds the footer and cuts off what an append that was overtaken left behind. */
async function finishFile(
  env: FileEnv,
  data: LayerFile,
  progress: Progress,
  dataKey: SecretKey | undefined,
): Promise<SealedBlob> {
  const id = blobId(progress.stagingId);
  const blocksEnd = storedEnd(progress);
  const { sizeBytes } = await data.stat();
  if (sizeBytes < blocksEnd) throw corruptBlob(id, `${blocksEnd} bytes were staged, ${sizeBytes} are left`);
  const encoder = await StagedEncoder.resume(progress.stagingId, progress, { dataKey, random: env.random });
  const end: Uint8Array[] = blocksEnd === 0 ? [encodeHeader(id, encoder.cipher)] : [];
  const sealed = encoder.finish((piece) => void end.push(piece));
  end.push(encodeFooter(sealed));
  await data.write(end, blocksEnd);
  await data.truncate(layoutOfSize(sealed.size, encoder.cipher).storedBytes);
  env.crashPoints.reach('blob.after-data-write');
  await data.sync();
  return sealed;
}
