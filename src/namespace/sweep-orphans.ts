import { type BlobId, stagingId } from '../model/ids.ts';
import type { NamespaceDeps } from './deps.ts';
import { stagingsOfTransfers } from './expire-uploads.ts';
import { encodeBlob } from './rows/blob-rows.ts';
import { blobKey, stagingKey } from './rows/keys.ts';
import { unreferencedWrite } from './rows/references.ts';

const BATCH_BLOBS = 200;
/** Bounds the memory of a sweep; what does not fit is found by a later one. */
const SUSPECTS_MAX = 100_000;

/**
 * How long a blob must have been seen without a row. A commit that comes later than `STAGED_MS_MAX` after its bytes is
 * refused, which is well before this.
 */
export const ORPHAN_GRACE_MS = 3_600_000;

/**
 * Finds blobs in the store that no row knows: a crash came between their seal and the commit that was to name them.
 * They are adopted, with a row and a candidate for reaping, so that from then on the rules of all blobs hold for them:
 * a late commit takes the row, or reaping does.
 */
export class OrphanSweep {
  readonly #deps: NamespaceDeps;
  #suspects = new Map<BlobId, number>();

  constructor(deps: NamespaceDeps) {
    this.#deps = deps;
  }

  /** One walk over all blobs. Answers how many were adopted: those that an earlier walk saw a grace ago. */
  async sweepOnce(signal: AbortSignal): Promise<number> {
    const protectedIds = await stagingsOfTransfers(this.#deps, signal);
    const seen = new Map<BlobId, number>();
    let adopted = 0;
    let batch: BlobId[] = [];
    const flush = async () => {
      for (const id of await this.#withoutOwner(batch)) {
        if (protectedIds.has(id) || seen.size >= SUSPECTS_MAX) continue;
        const firstMs = this.#suspects.get(id) ?? this.#deps.clock.nowMs();
        if (this.#deps.clock.nowMs() - firstMs < ORPHAN_GRACE_MS) seen.set(id, firstMs);
        else if (await this.#adopt(id)) adopted += 1;
      }
      batch = [];
    };
    for await (const id of this.#deps.blobs.listBlobs()) {
      if (signal.aborted) return adopted;
      batch.push(id);
      if (batch.length === BATCH_BLOBS) await flush();
    }
    await flush();
    this.#suspects = seen;
    return adopted;
  }

  /** Blobs with neither a row nor a session that sealed them: a sealed blob has the id of its staging. */
  async #withoutOwner(ids: readonly BlobId[]): Promise<readonly BlobId[]> {
    const rows = await this.#deps.metadata.get(ids.flatMap((id) => [blobKey(id), stagingKey(stagingId(id))]));
    return ids.filter((_, index) => rows[2 * index] === undefined && rows[2 * index + 1] === undefined);
  }

  async #adopt(id: BlobId): Promise<boolean> {
    const { metadata, blobs, clock } = this.#deps;
    const size = await blobs.size(id);
    if (size === undefined) return false;
    const [key, session] = [blobKey(id), stagingKey(stagingId(id))];
    const outcome = await metadata.commit({
      checks: [
        { kind: 'absent', key },
        { kind: 'absent', key: session },
      ],
      writes: [{ kind: 'put', key, value: encodeBlob({ size, place: 'store' }) }, unreferencedWrite(id, clock.nowMs())],
    });
    return outcome.kind === 'committed';
  }
}
