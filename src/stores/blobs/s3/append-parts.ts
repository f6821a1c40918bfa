import { StraitError } from '../../../model/errors.ts';
import { type BlobId, blobId, type StagingId } from '../../../model/ids.ts';
import { BatchWriter } from '../batch-writer.ts';
import { encodeHeader } from '../blob-format.ts';
import { BlockEncoder } from '../block-encoder.ts';
import { GuardedSource } from '../guarded-source.ts';
import type { AppendResult } from '../port.ts';
import { takenOver } from '../refusals.ts';
import { type ResumableMd5, resumableMd5 } from '../resumable-md5.ts';
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
  readonly #encoder: BlockEncoder;
  readonly #md5: ResumableMd5 | undefined;
  readonly #batch: BatchWriter;
  #current: TaggedStaging;
  #hasRun = false;

  private constructor(env: S3Env, id: StagingId, start: { current: TaggedStaging; md5: ResumableMd5 | undefined }) {
    this.#env = env;
    this.#id = id;
    this.#current = start.current;
    this.#md5 = start.md5;
    const { encoder, tail } = start.current.state;
    this.#encoder = new BlockEncoder(blobId(id), encoder);
    this.#batch = new BatchWriter(
      0,
      () => env.partBytes,
      (pieces) => this.#putPart(pieces),
    );
    this.#batch.add(encoder.offset === 0 ? encodeHeader(blobId(id)) : tail);
  }

  static async begin(env: S3Env, id: StagingId, current: TaggedStaging): Promise<PartAppend> {
    const { md5State } = current.state;
    return new PartAppend(env, id, { current, md5: md5State && (await resumableMd5(md5State)) });
  }

  async consume(source: AsyncIterable<Uint8Array>): Promise<AppendResult> {
    const guarded = new GuardedSource(source);
    try {
      for await (const chunk of guarded.chunks()) {
        this.#md5?.update(chunk);
        this.#encoder.push(chunk, this.#batch.add);
        if (this.#batch.isFull) await this.#batch.flush();
      }
      const tail = Buffer.concat(await this.#batch.takeRest());
      const { offset } = this.#current.state.encoder;
      if (this.#encoder.state.offset !== offset) await this.#save({ ...this.#sums(), tail });
    } finally {
      await this.#batch.settle();
    }
    return { durableOffset: this.#current.state.encoder.offset, ...guarded.failure };
  }

  /** Called by the batch between two chunks, so that the sums are those of exactly the bytes up to this part's end. */
  async #putPart(pieces: readonly Uint8Array[]): Promise<void> {
    const sums = this.#sums();
    await this.#claim();
    const { parts, run } = this.#current.state;
    const id = blobId(this.#id);
    const uploadId = this.#current.state.uploadId ?? (await this.#env.objects.startUpload(id));
    const part = await this.#env.objects.putPart(id, uploadId, numberFor(id, parts.length, run), pieces);
    if (part === undefined) throw takenOver();
    await this.#save({ ...sums, uploadId, parts: [...parts, part], tail: new Uint8Array(0) });
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

  #sums(): Pick<S3Staging, 'encoder' | 'md5State'> {
    const md5State = this.#md5?.save();
    return { encoder: this.#encoder.state, ...(md5State && { md5State }) };
  }
}

export function numberFor(id: BlobId, index: number, run: number): number {
  if (index < PARTS_MAX) return partNumber(index, run);
  throw new StraitError('unsupported', `blob ${id} has more than ${PARTS_MAX} parts: raise the part size`, {
    feature: 'S3 blobs of so many parts',
  });
}
