import { blobId } from '../../../model/ids.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import { BatchWriter } from '../batch-writer.ts';
import { encodeHeader } from '../blob-format.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { AppendResult } from '../port.ts';
import { alreadySealed, wrongOffset } from '../refusals.ts';
import { StagedEncoder, storedEnd } from '../staged-encoder.ts';
import type { FileEnv } from './file-env.ts';
import type { LayerFile } from './file-layer.ts';
import type { Progress } from './progress.ts';
import { APPENDER_BYTES } from './progress.ts';
import type { StagingFile } from './staging-file.ts';

/** One append to an open staging: claims it, streams the source into it, saves progress now and at the end. */
export class AppendRun {
  readonly #env: FileEnv;
  readonly #staging: StagingFile;
  readonly #token: Uint8Array;
  readonly #data: LayerFile;
  readonly #encoder: StagedEncoder;
  readonly #batch: BatchWriter;
  #progress: Progress;

  private constructor(env: FileEnv, staging: StagingFile, begun: Begun) {
    this.#env = env;
    this.#staging = staging;
    this.#token = begun.token;
    this.#data = begun.data;
    this.#progress = begun.progress;
    this.#encoder = begun.encoder;
    const position = storedEnd(begun.progress);
    const write = (pieces: readonly Uint8Array[], at: number) => this.#claimed(() => this.#data.write(pieces, at));
    this.#batch = new BatchWriter(position, () => env.writeShare.bytesEach, write);
    if (position === 0) this.#batch.add(encodeHeader(blobId(staging.id), begun.encoder.cipher));
  }

  static async begin(
    env: FileEnv,
    staging: StagingFile,
    offset: number,
    dataKey: SecretKey | undefined,
  ): Promise<AppendRun> {
    const token = env.random.bytes(APPENDER_BYTES);
    const { data, progress, encoder } = await staging.locked(async () => {
      const progress = await staging.progress();
      if (progress === undefined) throw await staging.whyGone();
      const data = await staging.data(progress);
      if (data === undefined) throw alreadySealed();
      if (progress.encoder.offset !== offset) throw wrongOffset(offset, progress.encoder.offset);
      const encoder = await StagedEncoder.resume(staging.id, progress, { dataKey, random: env.random });
      await staging.claim(token);
      return { data, progress, encoder };
    });
    return new AppendRun(env, staging, { token, data, progress, encoder });
  }

  /** Resolves when all that the source gave is durable. A store's failure leaves what the last save spoke of. */
  async consume(source: AsyncIterable<Uint8Array>): Promise<AppendResult> {
    const guarded = new GuardedSource(source);
    this.#env.writeShare.enter();
    try {
      for await (const chunk of guarded.chunks()) {
        this.#encoder.push(chunk, this.#batch.add);
        if (this.#batch.isFull) await this.#batch.flush();
        const unsavedBytes = this.#encoder.offset - this.#progress.encoder.offset;
        if (unsavedBytes >= this.#env.checkpointBytes) await this.#save();
      }
      await this.#save();
    } catch (error) {
      await this.#batch.settle();
      await this.#giveSpaceBack();
      throw error;
    } finally {
      this.#env.writeShare.leave();
    }
    return { durableOffset: this.#progress.encoder.offset, ...guarded.failure };
  }

  async #save(): Promise<void> {
    const before = this.#progress;
    if (this.#encoder.offset === before.encoder.offset) return;
    await this.#batch.drain();
    const next: Progress = { ...before, save: before.save + 1, ...this.#encoder.save() };
    const { crashPoints, folderSync, paths } = this.#env;
    await this.#claimed(async () => {
      // The order is the promise: data on disk, its name on disk, and only then the progress that speaks of them.
      await this.#data.sync();
      if (before.encoder.offset === 0) await folderSync.run(paths.staging);
      crashPoints.reach('staging.after-append');
      await this.#staging.save(next);
      crashPoints.reach('staging.after-progress-saved');
    });
    this.#progress = next;
  }

  async #claimed(action: () => Promise<void>): Promise<void> {
    await this.#staging.locked(async () => {
      await this.#staging.checkClaim(this.#token);
      await action();
    });
  }

  /** What was written beyond the last save is of no use to anybody, least of all on a full disk. */
  async #giveSpaceBack(): Promise<void> {
    const truncate = () => this.#data.truncate(storedEnd(this.#progress));
    await this.#claimed(truncate).catch(() => {});
  }
}

interface Begun {
  readonly token: Uint8Array;
  readonly data: LayerFile;
  readonly progress: Progress;
  readonly encoder: StagedEncoder;
}
