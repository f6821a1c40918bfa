import { StraitError } from '../../model/errors.ts';
import type { BlobId, StagingId } from '../../model/ids.ts';

/** The port's refusals, worded alike by every adapter. */

export const noSuchStaging = (id: StagingId) => new StraitError('uploadNotFound', `no staging ${id}`, { uploadId: id });

export const alreadySealed = () =>
  new StraitError('preconditionFailed', 'cannot append: the staging is sealed', { condition: 'sealed' });

export const wrongOffset = (offset: number, durableOffset: number) =>
  new StraitError('preconditionFailed', `cannot append at ${offset}: the durable offset is ${durableOffset}`, {
    condition: 'durableOffset',
  });

export const takenOver = () =>
  new StraitError('preconditionFailed', 'another append took over this staging, or it was discarded', {
    condition: 'appender',
  });

export const corruptBlob = (id: BlobId, why: string, cause?: unknown) =>
  new StraitError('corrupt', `blob ${id}: ${why}`, { blob: id }, { cause });
