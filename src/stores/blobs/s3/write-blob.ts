import { createHash } from 'node:crypto';
import { StraitError } from '../../../model/errors.ts';
import type { BlobId } from '../../../model/ids.ts';
import { BatchWriter } from '../batch-writer.ts';
import { encodeFooter, encodeHeader } from '../blob-format.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { SealedBlob, StagingOptions } from '../port.ts';
import { freshEncoder } from '../staged-encoder.ts';
import { numberFor } from './append-parts.ts';
import type { S3Env } from './s3-env.ts';
import type { StagedPart } from './staging-state.ts';

/** Writes a blob in one go: one request when it is small, else parts. Nothing of it can be seen until it is whole. */
export async function writeBlob(
  env: S3Env,
  id: BlobId,
  source: AsyncIterable<Uint8Array>,
  options: StagingOptions,
): Promise<SealedBlob> {
  const { objects, partBytes } = env;
  const guarded = new GuardedSource(source);
  const encoder = freshEncoder(id, { dataKey: options.dataKey, random: env.random });
  const hash = options.md5 ? createHash('md5') : undefined;
  const parts: StagedPart[] = [];
  let uploadId: string | undefined;
  const putPart = async (pieces: readonly Uint8Array[]) => {
    uploadId ??= await objects.startUpload(id);
    const part = await objects.putPart(id, uploadId, numberFor(id, parts.length, 0), pieces);
    if (part === undefined) throw uploadVanished(id);
    parts.push(part);
  };
  const batch = new BatchWriter(0, () => partBytes, putPart);
  batch.add(encodeHeader(id, encoder.cipher));
  try {
    for await (const chunk of guarded.chunks()) {
      hash?.update(chunk);
      encoder.push(chunk, batch.add);
      if (batch.isFull) await batch.flush();
    }
    if (guarded.failure === undefined) {
      encoder.end(batch.add);
      const sums = { crc32c: encoder.crc32c, ...(hash && { md5: Uint8Array.from(hash.digest()) }) };
      const sealed: SealedBlob = { blobId: id, size: encoder.state.offset, ...sums };
      batch.add(encodeFooter(sealed));
      const rest = await batch.takeRest();
      if (uploadId === undefined) await objects.putBlob(id, rest);
      else {
        await putPart(rest);
        if (!(await objects.completeUpload(id, uploadId, parts))) throw uploadVanished(id);
      }
      uploadId = undefined;
      return sealed;
    }
  } finally {
    await batch.settle();
    if (uploadId !== undefined) await objects.abortUpload(id, uploadId).catch(() => {});
  }
  throw guarded.failure.sourceError;
}

function uploadVanished(id: BlobId): StraitError {
  return new StraitError('unavailable', `the S3 store lost the multipart upload of blob ${id}`, {});
}
