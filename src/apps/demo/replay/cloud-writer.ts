import { type File, Storage } from '@google-cloud/storage';
import type { Clock } from '../../../runtime/clock.ts';
import type { PlannedUpload } from './plan.ts';

/** The cloud holds other bytes under a name than any the replay ever writes: somebody else uses this prefix. */
export class ForeignObjectError extends Error {
  override readonly name = 'ForeignObjectError';
}

export interface CloudWriterSettings {
  /** The GCS endpoint, for example `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly project: string;
  /** How long one upload is tried while the cloud answers with 429, 5xx or not at all. */
  readonly patienceMs: number;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 1_000;
const RESUMABLE_FROM_BYTES = 8 * 1024 * 1024;

/** One upload and where it stands among all contents its name gets in the replay, oldest first. */
export interface PlacedUpload {
  readonly bucket: string;
  readonly name: string;
  readonly upload: PlannedUpload;
  readonly contents: readonly string[];
  readonly position: number;
}

/**
 * Writes to the cloud as any job would: Google's own Node client. Creates with `ifGenerationMatch=0`; a 412 is success
 * when the object already is ours, so that a replay may be repeated, or go on after a crash on either side.
 */
export class CloudWriter {
  readonly #clock: Clock;
  readonly #settings: CloudWriterSettings;
  readonly #storage: Storage;
  /** CRC32C by `bucket/name` of what was there when `remember` looked. */
  readonly #there = new Map<string, string>();

  constructor(clock: Clock, settings: CloudWriterSettings) {
    this.#clock = clock;
    this.#settings = settings;
    // Retries are ours: the client's own would hide how long the cloud was away.
    this.#storage = new Storage({
      apiEndpoint: settings.endpoint,
      projectId: settings.project,
      retryOptions: { autoRetry: false },
    });
  }

  async ensureBucket(name: string): Promise<void> {
    await this.#patiently(async () => {
      try {
        await this.#storage.createBucket(name);
      } catch (error) {
        if (statusOf(error) !== 409) throw error;
      }
    });
  }

  /** Lists a bucket, so that a replay over kept data need not send again what is there. */
  async remember(bucket: string): Promise<void> {
    await this.#patiently(async () => {
      for await (const file of this.#storage.bucket(bucket).getFilesStream() as AsyncIterable<File>) {
        this.#there.set(`${bucket}/${file.name}`, file.metadata.crc32c ?? '');
      }
    });
  }

  /** Resolves when the cloud holds this content or a later one of the same name: to false when it did already. */
  async put(placed: PlacedUpload): Promise<boolean> {
    if (this.#isDone(placed, this.#there.get(`${placed.bucket}/${placed.name}`))) return false;
    await this.#send(placed);
    return true;
  }

  async #send(placed: PlacedUpload): Promise<void> {
    const file = this.#storage.bucket(placed.bucket).file(placed.name);
    await this.#patiently(async () => {
      let generation: string | number = 0;
      if (placed.position > 0) {
        const found = await this.#current(file);
        if (this.#isDone(placed, found?.crc32c)) return;
        generation = found?.generation ?? 0;
      }
      try {
        await this.#save(file, placed.upload, generation);
      } catch (error) {
        if (statusOf(error) !== 412) throw error;
        const found = await this.#current(file);
        if (this.#isDone(placed, found?.crc32c)) return;
        throw new RetryNowError(`${placed.name} changed while it was replaced`);
      }
    });
  }

  /** Deletes a name; one that is not there is deleted already. */
  async remove(bucket: string, name: string): Promise<void> {
    await this.#patiently(async () => {
      try {
        await this.#storage.bucket(bucket).file(name).delete();
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    });
  }

  async #save(file: File, upload: PlannedUpload, generation: string | number): Promise<void> {
    await file.save(Buffer.from(upload.content), {
      resumable: upload.content.byteLength >= RESUMABLE_FROM_BYTES,
      validation: false,
      metadata: { crc32c: upload.crc32c },
      preconditionOpts: { ifGenerationMatch: generation },
    });
  }

  /** True when the object has this content or a later one; an earlier one is to be replaced; any other is foreign. */
  #isDone({ bucket, name, contents, position }: PlacedUpload, crc32c: string | undefined): boolean {
    if (crc32c === undefined) return false;
    const first = contents.indexOf(crc32c);
    if (first < 0) throw new ForeignObjectError(`gs://${bucket}/${name} holds other bytes; start with --reset`);
    // A content that comes back later, as of a hint that moves backwards, may still be the earlier one.
    return contents[position] === crc32c || first > position;
  }

  async #current(file: File): Promise<{ generation: string; crc32c: string } | undefined> {
    try {
      const [metadata] = await file.getMetadata();
      return { generation: String(metadata.generation), crc32c: metadata.crc32c ?? '' };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  async #patiently(attempt: () => Promise<void>): Promise<void> {
    const endMs = this.#clock.monotonicMs() + this.#settings.patienceMs;
    for (let waitMs = BACKOFF_MIN_MS; ; waitMs = Math.min(waitMs * 2, BACKOFF_MAX_MS)) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (!isPassing(error) || this.#clock.monotonicMs() > endMs) throw error;
        await this.#clock.sleep(waitMs);
      }
    }
  }
}

class RetryNowError extends Error {}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const status = Number(error.code);
  return Number.isInteger(status) ? status : undefined;
}

/** No status at all means the connection failed; 408, 429 and 5xx are asked again too. */
function isPassing(error: unknown): boolean {
  if (error instanceof ForeignObjectError) return false;
  if (error instanceof RetryNowError) return true;
  const status = statusOf(error);
  return status === undefined || status === 408 || status === 429 || status >= 500;
}
