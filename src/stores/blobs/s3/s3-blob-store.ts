import { isStraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId, stagingId } from '../../../model/ids.ts';
import type { ByteRange } from '../../../model/object.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import { type Random, randomHex } from '../../../runtime/random.ts';
import { encodeFooter, encodeHeader } from '../blob-format.ts';
import { assertKeyFits, BlockCipher } from '../block-cipher.ts';
import type { AppendResult, BlobStore, OpenOptions, SealedBlob, StagingOptions, StagingState } from '../port.ts';
import { alreadySealed, corruptBlob, noSuchStaging, wrongOffset } from '../refusals.ts';
import { InitialMd5State } from '../resumable-md5.ts';
import { freshProgress, StagedEncoder } from '../staged-encoder.ts';
import { numberFor, PartAppend } from './append-parts.ts';
import { readBlob, type VerifiedBlob, verifyBlob } from './read-blob.ts';
import { S3Client } from './s3-client.ts';
import type { S3Env } from './s3-env.ts';
import { S3Objects, type TaggedStaging } from './s3-objects.ts';
import type { S3Keys } from './sign-request.ts';
import { freshStaging } from './staging-state.ts';
import { writeBlob } from './write-blob.ts';

const MIB = 1024 * 1024;
const ID = /^[0-9a-f]{32}$/;

export interface S3BlobDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crashPoints: CrashPoints;
}

export interface S3BlobSettings {
  /** Any S3 endpoint that evaluates `If-Match` and `If-None-Match` of a PUT; path-style addresses are used. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly keys: S3Keys;
  /** Before every key; ends in `/` or is empty. */
  readonly prefix?: string;
  /** 8 MiB when absent, at least 5 MiB. A blob has at most 2,500 parts: 8 MiB allow blobs of 20 GB. */
  readonly partBytes?: number;
  /** 64 when absent. */
  readonly connectionsMax?: number;
}

/**
 * Blobs as objects of one bucket of an S3 store, durable as that store is. Small first: an upload holds up to two parts
 * in memory, parts go up one after the other, and the bytes below a part are written again with every append.
 */
export class S3BlobStore implements BlobStore {
  readonly granularityBytes = 1;
  readonly #initialMd5 = new InitialMd5State();
  readonly #deps: S3BlobDeps;
  readonly #client: S3Client;
  readonly #env: S3Env;

  constructor(deps: S3BlobDeps, settings: S3BlobSettings) {
    const { endpoint, bucket, keys, prefix = '', partBytes = 8 * MIB, connectionsMax = 64 } = settings;
    this.#deps = deps;
    this.#client = new S3Client(deps, { endpoint, bucket, keys, connectionsMax });
    this.#env = {
      objects: new S3Objects(this.#client, prefix),
      random: deps.random,
      partBytes: Math.max(partBytes, 5 * MIB),
      nextToken: () => randomHex(deps.random, 16),
    };
  }

  async begin(options: StagingOptions): Promise<StagingId> {
    const id = stagingId(randomHex(this.#deps.random, 16));
    const progress = await freshProgress(blobId(id), options, this.#initialMd5, this.#deps.random);
    const state = freshStaging(this.#deps.clock.nowMs(), this.#env.nextToken(), progress);
    await this.#env.objects.writeStaging(id, state, undefined);
    return id;
  }

  async staging(id: StagingId): Promise<StagingState | undefined> {
    const tagged = await this.#tagged(id);
    if (tagged === undefined || (tagged.state.isSealing && (await this.#verify(blobId(id))))) return undefined;
    return { stagingId: id, durableOffset: tagged.state.progress.encoder.offset, createdMs: tagged.state.createdMs };
  }

  async append(
    id: StagingId,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    dataKey?: SecretKey,
  ): Promise<AppendResult> {
    const tagged = await this.#tagged(id);
    if (tagged === undefined) throw (await this.#verify(blobId(id))) ? alreadySealed() : noSuchStaging(id);
    const { progress, isSealing } = tagged.state;
    if (isSealing) throw alreadySealed();
    if (progress.encoder.offset !== offset) throw wrongOffset(offset, progress.encoder.offset);
    const append = await PartAppend.begin(this.#env, id, tagged, dataKey);
    const appended = await append.consume(source);
    this.#deps.crashPoints.reach('staging.after-progress-saved');
    return appended;
  }

  async seal(id: StagingId, dataKey?: SecretKey): Promise<SealedBlob> {
    for (;;) {
      const tagged = await this.#tagged(id);
      if (tagged === undefined) {
        const sealedBefore = await this.#verify(blobId(id));
        if (sealedBefore === undefined) throw noSuchStaging(id);
        return sealedBefore.sealed;
      }
      if (tagged.state.isSealing) return await this.#finish(id, tagged, dataKey);
      // A wrong key is found before the staging is marked: it must stay as it was.
      await StagedEncoder.resume(id, tagged.state.progress, { dataKey, random: this.#deps.random });
      try {
        const state = { ...tagged.state, isSealing: true, token: this.#env.nextToken() };
        return await this.#finish(id, await this.#env.objects.writeStaging(id, state, tagged), dataKey);
      } catch (error) {
        // Another process changed the staging in between, perhaps to seal it: look again.
        if (!isStraitError(error, 'preconditionFailed') && !isStraitError(error, 'uploadNotFound')) throw error;
      }
    }
  }

  async write(source: AsyncIterable<Uint8Array>, options: StagingOptions): Promise<SealedBlob> {
    const sealed = await writeBlob(this.#env, blobId(randomHex(this.#deps.random, 16)), source, options);
    this.#deps.crashPoints.reach('blob.after-data-write');
    return sealed;
  }

  async discard(id: StagingId): Promise<void> {
    const tagged = await this.#tagged(id);
    if (tagged === undefined) return;
    // First the state: an append that runs finds it gone. Then the parts; a completed upload has none to abort.
    await this.#env.objects.deleteStaging(id);
    if (tagged.state.uploadId !== undefined) await this.#env.objects.abortUpload(blobId(id), tagged.state.uploadId);
  }

  async *open(id: BlobId, range: ByteRange, { dataKey }: OpenOptions = {}): AsyncIterable<Uint8Array> {
    const verified = await this.#verify(id);
    if (verified === undefined) throw corruptBlob(id, 'it is missing');
    assertKeyFits(id, verified.layout.cipher !== 'none', dataKey);
    const cipher = dataKey && new BlockCipher(id, dataKey, this.#deps.random);
    yield* readBlob(this.#env.objects, verified, range, cipher);
  }

  async size(id: BlobId): Promise<number | undefined> {
    return (await this.#verify(id))?.sealed.size;
  }

  async remove(id: BlobId): Promise<void> {
    if (ID.test(id)) await this.#env.objects.deleteBlob(id);
  }

  async *listStaging(): AsyncIterable<StagingState> {
    for await (const name of this.#env.objects.list('staging')) {
      const state = ID.test(name) ? await this.staging(stagingId(name)) : undefined;
      if (state !== undefined) yield state;
    }
  }

  async *listBlobs(): AsyncIterable<BlobId> {
    for await (const name of this.#env.objects.list('blobs')) if (ID.test(name)) yield blobId(name);
  }

  /** An S3 store does not say. */
  async freeShare(): Promise<number> {
    return 1;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #tagged(id: StagingId): Promise<TaggedStaging | undefined> {
    return ID.test(id) ? await this.#env.objects.readStaging(id) : undefined;
  }

  /** Joins the parts. Every step can be repeated, by whoever finds the staging marked as being sealed. */
  async #finish(id: StagingId, { state }: TaggedStaging, dataKey: SecretKey | undefined): Promise<SealedBlob> {
    const { objects, random } = this.#env;
    const { progress, parts, rest, run, uploadId } = state;
    const blob = blobId(id);
    const joined = await this.#verify(blob);
    if (joined === undefined) {
      const encoder = await StagedEncoder.resume(id, progress, { dataKey, random });
      const end: Uint8Array[] = [progress.encoder.offset === 0 ? encodeHeader(blob, encoder.cipher) : rest];
      const sealed = encoder.finish((piece) => void end.push(piece));
      end.push(encodeFooter(sealed));
      if (uploadId === undefined) await objects.putBlob(blob, end);
      else {
        const last = await objects.putPart(blob, uploadId, numberFor(blob, parts.length, run), end);
        const isJoined = last !== undefined && (await objects.completeUpload(blob, uploadId, [...parts, last]));
        if (!isJoined && (await this.#verify(blob)) === undefined) throw corruptBlob(blob, 'its staged parts are gone');
      }
      this.#deps.crashPoints.reach('blob.after-rename');
      await objects.deleteStaging(id);
      return sealed;
    }
    await objects.deleteStaging(id);
    return joined.sealed;
  }

  async #verify(id: BlobId): Promise<VerifiedBlob | undefined> {
    return ID.test(id) ? await verifyBlob(this.#env.objects, id) : undefined;
  }
}
