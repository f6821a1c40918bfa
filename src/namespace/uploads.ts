import { StraitError } from '../model/errors.ts';
import type { NamedObject } from '../model/object.ts';
import type { NamespaceDeps } from './deps.ts';
import type { InsertTarget } from './insert-object.ts';

/** Resumable uploads: sessions that survive crashes, restarts and a change of process (gcs-api §5 items 4–18). */
export type UploadProgress =
  | { readonly kind: 'open'; readonly persisted: number }
  | { readonly kind: 'finished'; readonly object: NamedObject };

export async function startUpload(_deps: NamespaceDeps, _target: InsertTarget): Promise<{ readonly uploadId: string }> {
  throw new StraitError('unsupported', 'resumable upload', { feature: 'upload' });
}

export async function uploadStatus(_deps: NamespaceDeps, _uploadId: string): Promise<UploadProgress> {
  throw new StraitError('unsupported', 'resumable upload', { feature: 'upload' });
}

/** One PUT of a session. `total`: the object's whole size when the client stated it; the upload ends there. */
export interface UploadChunk {
  readonly uploadId: string;
  /** Offset of the first byte of `body`; bytes below the persisted offset are skipped, not compared. */
  readonly offset: number;
  /** The declared end (exclusive) of this chunk, when stated. */
  readonly end?: number;
  readonly total?: number;
  /** Checksums stated with this request (`X-Goog-Hash` on the final chunk). */
  readonly expected?: { readonly crc32c?: number; readonly md5?: Uint8Array };
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Persists what it can of a chunk and finishes the object when `total` is reached; the target's preconditions are
 * judged then. A chunk beyond the persisted offset is `unavailable`; a source that breaks off leaves what was made
 * durable. Repeating the finishing request answers the same object.
 */
export async function appendUpload(_deps: NamespaceDeps, _chunk: UploadChunk): Promise<UploadProgress> {
  throw new StraitError('unsupported', 'resumable upload', { feature: 'upload' });
}

/** Ends the session and drops its bytes; later calls are `uploadGone`. */
export async function cancelUpload(_deps: NamespaceDeps, _uploadId: string): Promise<void> {
  throw new StraitError('unsupported', 'resumable upload', { feature: 'upload' });
}
