import { resolve } from 'node:path';
import { isStraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId, stagingId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import { type Random, randomHex } from '../../../runtime/random.ts';
import { assertKeyFits, BlockCipher } from '../block-cipher.ts';
import { BufferPool, type BufferSource, freshBuffers } from '../buffer-pool.ts';
import { MemoryShare } from '../memory-share.ts';
import type { AppendResult, BlobStore, OpenOptions, SealedBlob, StagingOptions, StagingState } from '../port.ts';
import { ReadBudget } from '../read-budget.ts';
import { alreadySealed, corruptBlob, noSuchStaging } from '../refusals.ts';
import { InitialMd5State } from '../resumable-md5.ts';
import { freshProgress } from '../staged-encoder.ts';
import { AppendRun } from './append-run.ts';
import { BlobFile } from './blob-file.ts';
import { BlobPaths, isIdName } from './blob-paths.ts';
import { onDisk, translateDiskError, unlessMissing } from './disk-errors.ts';
import type { FileEnv } from './file-env.ts';
import type { FileLayer } from './file-layer.ts';
import { prepareFolders } from './prepare-folders.ts';
import { sealStaging } from './seal-staging.ts';
import { SharedSync } from './shared-sync.ts';
import { StagingFile } from './staging-file.ts';
import { removeLeftOvers, writeBlob } from './write-blob.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Ids that share a fan-out folder one after the other, so that writers at one time share its flushes. */
const IDS_PER_FOLDER = 128;

export interface FileBlobDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crashPoints: CrashPoints;
  readonly layer: FileLayer;
}

export interface FileBlobSettings {
  readonly folder: string;
  /** Memory that all uploads together gather before writing. Bytes; 32 MiB when absent. */
  readonly writeBudgetBytes?: number;
  /** Memory that all reads together hold. Bytes; 16 MiB when absent. */
  readonly readBudgetBytes?: number;
  /** A long append saves its progress after this many bytes; 32 MiB when absent. */
  readonly checkpointBytes?: number;
}

/**
 * Blobs as files under one folder, on a local disk or NFS with locks; any number of processes share it.
 * `docs/formats/blob-v1.md` is the layout. The id of a blob is the id of its staging: that makes sealing idempotent.
 */
export class FileBlobStore implements BlobStore {
  readonly granularityBytes = 1;
  readonly #initialMd5 = new InitialMd5State();
  readonly #env: FileEnv;
  readonly #fresh: BufferSource;
  readonly #pooled: BufferSource;
  #idsMade = 0;
  #folderByte: number;

  private constructor(env: FileEnv) {
    this.#env = env;
    this.#fresh = freshBuffers(env.readBudget);
    this.#pooled = new BufferPool(env.readBudget, 16 * MIB);
    this.#folderByte = env.random.bytes(1)[0] ?? 0;
  }

  /** Makes the folders when they are not there, and removes what dead writers left. */
  static async open(deps: FileBlobDeps, settings: FileBlobSettings): Promise<FileBlobStore> {
    const { writeBudgetBytes = 32 * MIB, readBudgetBytes = 16 * MIB, checkpointBytes = 32 * MIB } = settings;
    const env: FileEnv = {
      ...deps,
      paths: new BlobPaths(resolve(settings.folder)),
      folderSync: new SharedSync((path) => deps.layer.syncFolder(path)),
      writeShare: new MemoryShare({ budgetBytes: writeBudgetBytes, minBytes: 16 * KIB, maxBytes: MIB }),
      readBudget: new ReadBudget({ budgetBytes: readBudgetBytes, minBytes: 64 * KIB, maxBytes: 512 * KIB }),
      checkpointBytes,
    };
    await onDisk(async () => {
      await prepareFolders(env);
      await removeLeftOvers(env);
    });
    return new FileBlobStore(env);
  }

  async begin(options: StagingOptions): Promise<StagingId> {
    const id = stagingId(this.#nextId());
    const createdMs = this.#env.clock.nowMs();
    const fresh = await freshProgress(blobId(id), options, this.#initialMd5, this.#env.random);
    const progress = { stagingId: id, save: 1, createdMs, ...fresh };
    await onDisk(() => StagingFile.create(this.#env, progress));
    return id;
  }

  async staging(id: StagingId): Promise<StagingState | undefined> {
    return await this.#withStaging(id, (staging) => this.#stateOf(staging));
  }

  async append(
    id: StagingId,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    dataKey?: SecretKey,
  ): Promise<AppendResult> {
    const appended = await this.#withStaging(id, async (staging) => {
      const run = await AppendRun.begin(this.#env, staging, offset, dataKey);
      return await run.consume(source);
    });
    if (appended !== undefined) return appended;
    throw (await this.size(blobId(id))) === undefined ? noSuchStaging(id) : alreadySealed();
  }

  async seal(id: StagingId, dataKey?: SecretKey): Promise<SealedBlob> {
    const sealed = await this.#withStaging(id, (staging) => sealStaging(this.#env, staging, dataKey));
    if (sealed !== undefined) return sealed;
    const sealedBefore = await this.#sealed(blobId(id));
    if (sealedBefore === undefined) throw noSuchStaging(id);
    return sealedBefore;
  }

  async write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob> {
    return await writeBlob(this.#env, blobId(this.#nextId()), source, options);
  }

  async discard(id: StagingId): Promise<void> {
    await this.#withStaging(id, (staging) =>
      staging.locked(async () => {
        // The progress first: staged bytes without progress are nobody's, and a listing removes them.
        await staging.unlinkProgress();
        await unlessMissing(() => this.#env.layer.unlink(this.#env.paths.stagedData(id)));
      }),
    );
  }

  async *open(id: BlobId, range: ByteRange, options: OpenOptions = {}): AsyncIterable<Uint8Array> {
    const { layer, paths, random } = this.#env;
    try {
      const file = await BlobFile.open(layer, paths.blob(id), id);
      if (file === undefined) throw corruptBlob(id, 'it is missing');
      try {
        const { dataKey, reuseBuffers } = options;
        assertKeyFits(id, file.isEncrypted, dataKey);
        if (dataKey !== undefined) yield* file.readSealed(range, this.#pooled, new BlockCipher(id, dataKey, random));
        else yield* file.read(range, reuseBuffers === true ? this.#pooled : this.#fresh);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw translateDiskError(error);
    }
  }

  async size(id: BlobId): Promise<number | undefined> {
    return (await this.#sealed(id))?.size;
  }

  async remove(id: BlobId): Promise<void> {
    await onDisk(() => unlessMissing(() => this.#env.layer.unlink(this.#env.paths.blob(id))));
  }

  async *listStaging(): AsyncIterable<StagingState> {
    const { layer, paths } = this.#env;
    for await (const name of listNames(layer, paths.staging)) {
      const [hex = '', kind] = name.split('.');
      if (!isIdName(hex)) continue;
      const id = stagingId(hex);
      if (kind === 'progress') {
        const state = await this.#listedState(id);
        if (state !== undefined) yield state;
      } else {
        await onDisk(async () => {
          if (!(await layer.exists(paths.progress(id)))) await unlessMissing(() => layer.unlink(paths.stagedData(id)));
        });
      }
    }
  }

  async *listBlobs(): AsyncIterable<BlobId> {
    for (const folder of this.#env.paths.fanOuts) {
      for await (const name of listNames(this.#env.layer, folder)) {
        if (isIdName(name)) yield blobId(name);
      }
    }
  }

  freeShare(): Promise<number> {
    return onDisk(() => this.#env.layer.freeShare(this.#env.paths.root));
  }

  close(): Promise<void> {
    return this.#env.layer.close();
  }

  /** 120 random bits behind the byte that names the folder. */
  #nextId(): string {
    this.#idsMade += 1;
    if (this.#idsMade % IDS_PER_FOLDER === 0) this.#folderByte = (this.#folderByte + 1) % 256;
    return this.#folderByte.toString(16).padStart(2, '0') + randomHex(this.#env.random, 15);
  }

  /** `undefined` when there is no such staging. */
  async #withStaging<T>(id: StagingId, action: (staging: StagingFile) => Promise<T>): Promise<T | undefined> {
    if (!isIdName(id)) return undefined;
    return await onDisk(async () => {
      const staging = await StagingFile.open(this.#env, id);
      if (staging === undefined) return undefined;
      try {
        return await action(staging);
      } finally {
        await staging.close();
      }
    });
  }

  async #stateOf(staging: StagingFile): Promise<StagingState | undefined> {
    const { layer, paths } = this.#env;
    const progress = await staging.progress();
    if (progress === undefined) return undefined;
    const hasData = await layer.exists(paths.stagedData(staging.id));
    if (!hasData && (await layer.exists(paths.blob(blobId(staging.id))))) return undefined;
    return { stagingId: staging.id, durableOffset: progress.encoder.offset, createdMs: progress.createdMs };
  }

  /** A staging whose progress cannot be read (its `begin` was cut off) is listed too, so that it can be discarded. */
  async #listedState(id: StagingId): Promise<StagingState | undefined> {
    try {
      return await this.staging(id);
    } catch (error) {
      if (!isStraitError(error, 'corrupt')) throw error;
      return { stagingId: id, durableOffset: 0, createdMs: 0 };
    }
  }

  async #sealed(id: BlobId): Promise<SealedBlob | undefined> {
    return await onDisk(async () => {
      const file = await BlobFile.open(this.#env.layer, this.#env.paths.blob(id), id);
      await file?.close();
      return file?.sealed;
    });
  }
}

async function* listNames(layer: FileLayer, path: string): AsyncGenerator<string, void, void> {
  try {
    yield* layer.list(path);
  } catch (error) {
    throw translateDiskError(error);
  }
}
