import { StraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId } from '../../../model/ids.ts';
import type { SecretKey } from '../../../model/secret-key.ts';
import { BatchWriter } from '../batch-writer.ts';
import { encodeHeader } from '../blob-format.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { AppendResult } from '../port.ts';
import { takenOver } from '../refusals.ts';
import { type EncoderProgress, StagedEncoder } from '../staged-encoder.ts';
import type { S3Env } from './s3-env.ts';
import type { TaggedStaging } from './s3-objects.ts';
import { PARTS_MAX, partNumber, type S3Staging } from './staging-state.ts';

/**
 * One append: full parts go up as they fill, each followed by the state that counts it; the rest goes into the last
 * state. Every state is written against the one before it, so only one of two appends can go on.
 */
export class PartAppend {
  readonly #env: S3Env;
  readonly #id: StagingId;
  readonly #encoder: StagedEncoder;
  readonly #batch: BatchWriter;
  #current: TaggedStaging;
  #hasRun = false;

  private constructor(env: S3Env, id: StagingId, start: { current: TaggedStaging; encoder: StagedEncoder }) {
    this.#env = env;
    this.#id = id;
    this.#current = start.current;
    this.#encoder = start.encoder;
    const { progress, rest } = start.current.state;
    this.#batch = new BatchWriter(
      0,
      () => env.partBytes,
      (pieces) => this.#putPart(pieces),
    );
    this.#batch.add(progress.encoder.offset === 0 ? encodeHeader(blobId(id), start.encoder.cipher) : rest);
  }

  static async begin(
    env: S3Env,
    id: StagingId,
    current: TaggedStaging,
    dataKey: SecretKey | undefined,
  ): Promise<PartAppend> {
    const encoder = await StagedEncoder.resume(id, current.state.progress, { dataKey, random: env.random });
    return new PartAppend(env, id, { current, encoder });
  }

  async consume(source: AsyncIterable<Uint8Array>): Promise<AppendResult> {
    const guarded = new GuardedSource(source);
    try {
      for await (const chunk of guarded.chunks()) {
        this.#encoder.push(chunk, this.#batch.add);
        if (this.#batch.isFull) await this.#batch.flush();
      }
      const rest = Buffer.concat(await this.#batch.takeRest());
      if (this.#encoder.offset !== this.#savedOffset) await this.#save({ progress: this.#encoder.save(), rest });
    } finally {
      await this.#batch.settle();
    }
    return { durableOffset: this.#savedOffset, ...guarded.failure };
  }

  get #savedOffset(): number {
    return this.#current.state.progress.encoder.offset;
  }

  /** Called by the batch between two chunks, so that the sums are those of exactly the bytes up to this part's end. */
  async #putPart(pieces: readonly Uint8Array[]): Promise<void> {
    const progress: EncoderProgress = this.#encoder.save();
    await this.#claim();
    const { parts, run } = this.#current.state;
    const id = blobId(this.#id);
    const uploadId = this.#current.state.uploadId ?? (await this.#env.objects.startUpload(id));
    const part = await this.#env.objects.putPart(id, uploadId, numberFor(id, parts.length, run), pieces);
    if (part === undefined) throw takenOver();
    await this.#save({ progress, uploadId, parts: [...parts, part], rest: new Uint8Array(0) });
  }

  /** Before the first part: a run of its own, so that its parts replace nobody's. */
  async #claim(): Promise<void> {
    if (this.#hasRun) return;
    await this.#save({ run: this.#current.state.run + 1 });
    this.#hasRun = true;
  }

  async #save(change: Partial<S3Staging>): Promise<void> {
    const state = { ...this.#current.state, ...change, token: this.#env.nextToken() };
    this.#current = await this.#env.objects.writeStaging(this.#id, state, this.#current);
  }
}

export function numberFor(id: BlobId, index: number, run: number): number {
  if (index < PARTS_MAX) return partNumber(index, run);
  throw new StraitError('unsupported', `blob ${id} has more than ${PARTS_MAX} parts: raise the part size`, {
    feature: 'S3 blobs of so many parts',
  });
}
