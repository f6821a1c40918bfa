/** What the suites of the blob store's contract are run against. */
import type { BlobId } from '../../src/model/ids.ts';
import type { ByteRange } from '../../src/model/object.ts';
import type { BlobStore, OpenOptions } from '../../src/stores/blobs/port.ts';

export interface BlobHarness {
  /** A store over the harness's bytes. Two of them stand for two processes. */
  open(): Promise<BlobStore>;
  /** A store of its own whose disk is full after so many bytes; absent where that cannot be had. */
  openFull?(capacityBytes: number): Promise<BlobStore>;
  /** The bytes as stored, past the store; absent where there are none. */
  readonly stored?: {
    read(id: BlobId): Promise<Buffer>;
    replace(id: BlobId, bytes: Buffer): Promise<void>;
  };
  /** Where all that is stored lies, stagings included; absent where there is no such folder. */
  readonly folder?: string;
  /** How often properties are tried: remote stores are slower. */
  readonly rounds: number;
  readonly keepsAllInMemory?: boolean;
  close(): Promise<void>;
}

export interface BlobContext {
  readonly harness: BlobHarness;
  readonly store: BlobStore;
  /** The same bytes as `store`, as another process would see them. */
  readonly other: BlobStore;
}
export async function readBlob(store: BlobStore, id: BlobId, range: ByteRange, options?: OpenOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.open(id, range, options)) {
    chunks.push(options?.reuseBuffers === true ? Uint8Array.from(chunk) : chunk);
  }
  return Buffer.concat(chunks);
}
