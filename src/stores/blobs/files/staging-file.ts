import { StraitError } from '../../../model/errors.ts';
import { blobId, type StagingId } from '../../../model/ids.ts';
import { alreadySealed, corruptBlob, noSuchStaging, takenOver } from '../refusals.ts';
import { unlessMissing } from './disk-errors.ts';
import type { FileEnv } from './file-env.ts';
import type { LayerFile } from './file-layer.ts';
import {
  APPENDER_BYTES,
  APPENDER_POSITION,
  encodeSlot,
  encodeTail,
  newestProgress,
  type Progress,
  SLOT_BYTES,
  slotPosition,
  tailPosition,
} from './progress.ts';

const LOCK_WAIT_MS_MAX = 30_000;

/**
 * One staging's files, open. Invariants: the data a saved progress speaks of is on disk before the save begins; only
 * whoever holds the lock and whose token stands in the appender's place writes to either file.
 */
export class StagingFile {
  readonly id: StagingId;
  readonly #env: FileEnv;
  readonly #progressFile: LayerFile;
  #dataFile: LayerFile | undefined;

  private constructor(env: FileEnv, id: StagingId, progressFile: LayerFile) {
    this.#env = env;
    this.id = id;
    this.#progressFile = progressFile;
  }

  /** Makes a staging of no bytes, durably. */
  static async create(env: FileEnv, progress: Progress): Promise<void> {
    const file = await env.layer.open(env.paths.progress(progress.stagingId), 'createNew');
    try {
      await writeSave(file, progress);
      await file.sync();
    } finally {
      await file.close();
    }
    await env.folderSync.run(env.paths.staging);
  }

  static async open(env: FileEnv, id: StagingId): Promise<StagingFile | undefined> {
    const file = await unlessMissing(() => env.layer.open(env.paths.progress(id), 'update'));
    return file && new StagingFile(env, id, file);
  }

  /** Runs `action` alone among all processes. Holders never wait for a client, so waiting is short. */
  async locked<T>(action: () => Promise<T>): Promise<T> {
    const { clock } = this.#env;
    const startMs = clock.monotonicMs();
    for (let waitMs = 1; !this.#progressFile.tryLock(); waitMs = Math.min(waitMs * 2, 50)) {
      if (clock.monotonicMs() - startMs > LOCK_WAIT_MS_MAX) {
        throw new StraitError('unavailable', `staging ${this.id} stays locked by another process`, {});
      }
      await clock.sleep(waitMs);
    }
    try {
      return await action();
    } finally {
      this.#progressFile.unlock();
    }
  }

  /** `undefined` when the staging was sealed or discarded since it was opened. */
  async progress(): Promise<Progress | undefined> {
    const slots = Buffer.alloc(2 * SLOT_BYTES);
    const [, { linkCount }] = await Promise.all([this.#progressFile.read([slots], 0), this.#progressFile.stat()]);
    if (linkCount === 0) return undefined;
    const readTail = async (position: number, bytes: number) => {
      const tail = Buffer.alloc(bytes);
      return tail.subarray(0, await this.#progressFile.read([tail], position));
    };
    const newest = await newestProgress(this.id, [slots.subarray(0, SLOT_BYTES), slots.subarray(SLOT_BYTES)], readTail);
    if (newest === undefined) throw corruptBlob(blobId(this.id), 'no valid progress of its staging');
    return newest;
  }

  /** Why a staging that was there a moment ago is not: only its blob tells sealing from discarding. */
  async whyGone(): Promise<StraitError> {
    const isSealed = await this.#env.layer.exists(this.#env.paths.blob(blobId(this.id)));
    return isSealed ? alreadySealed() : noSuchStaging(this.id);
  }

  /**
   * The staged bytes; made when nothing has been appended yet. `undefined`: they were renamed to a blob, and the
   * sealer died before it removed the progress. Call it locked.
   */
  async data(progress: Progress): Promise<LayerFile | undefined> {
    if (this.#dataFile !== undefined) return this.#dataFile;
    const { layer, paths } = this.#env;
    const path = paths.stagedData(this.id);
    const existing = await unlessMissing(() => layer.open(path, 'update'));
    if (existing === undefined && (await layer.exists(paths.blob(blobId(this.id))))) return undefined;
    if (existing === undefined && progress.encoder.offset > 0) {
      throw corruptBlob(blobId(this.id), 'its staged bytes are gone');
    }
    this.#dataFile = existing ?? (await layer.open(path, 'create'));
    return this.#dataFile;
  }

  /** Makes `token` the appender's; whoever appended before stops at its next write. Call it locked. */
  async claim(token: Uint8Array): Promise<void> {
    await this.#progressFile.write([token], APPENDER_POSITION);
  }

  /** Throws when another append took over, or the staging was sealed or discarded. Call it locked. */
  async checkClaim(token: Uint8Array): Promise<void> {
    const current = Buffer.alloc(APPENDER_BYTES);
    const [, { linkCount }] = await Promise.all([
      this.#progressFile.read([current], APPENDER_POSITION),
      this.#progressFile.stat(),
    ]);
    if (linkCount === 0 || !current.equals(token)) throw takenOver();
  }

  /** Durable when it resolves. The data it speaks of must be on disk BEFORE it is called. Call it locked. */
  async save(progress: Progress): Promise<void> {
    const position = slotPosition(progress.save);
    try {
      await writeSave(this.#progressFile, progress);
      await this.#progressFile.sync();
    } catch (error) {
      // A save that may not be on disk must not be read as if it were; the other slot holds the one before it.
      await this.#progressFile.write([Buffer.alloc(SLOT_BYTES)], position).catch(() => {});
      throw error;
    }
  }

  /** Removes the progress, and with it the staging. */
  async unlinkProgress(): Promise<void> {
    await unlessMissing(() => this.#env.layer.unlink(this.#env.paths.progress(this.id)));
  }

  async close(): Promise<void> {
    try {
      await this.#dataFile?.close();
    } finally {
      await this.#progressFile.close();
    }
  }
}

/** Tail and slot may reach the disk in any order: the slot's tail is checked when it is read. */
async function writeSave(file: LayerFile, progress: Progress): Promise<void> {
  const { save, tail } = progress;
  if (tail !== undefined) await file.write(encodeTail({ ...progress, tail }), tailPosition(save));
  await file.write([encodeSlot(progress)], slotPosition(save));
}
