/**
 * The few things the file store asks of a file system. A seam of its own so that tests can record what was done in
 * which order, leave a step out, fill the disk, and cut the power.
 */

export interface LayerFile {
  /** Writes all pieces one after the other from `position`; a resolved write may still be in the page cache. */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>;
  /** Fills the targets one after the other from `position`; answers the bytes read, fewer only at the file's end. */
  read(targets: readonly Uint8Array[], position: number): Promise<number>;
  /** All writes that resolved before, and the file's length, are on disk when it resolves. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  stat(): Promise<{ readonly sizeBytes: number; readonly linkCount: number; readonly modifiedMs: number }>;
  /** An exclusive lock on the file, against other processes and other opens here; ends with `unlock` or the process. */
  tryLock(): boolean;
  unlock(): void;
  close(): Promise<void>;
}

/** `create`: for update, made when it is not there. `createNew`: fails when it is there. */
export type OpenMode = 'read' | 'update' | 'create' | 'createNew';

/** Failures are Node's own errors with a `code`. */
export interface FileLayer {
  open(path: string, mode: OpenMode): Promise<LayerFile>;
  /** Atomic; replaces what was there. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Nothing happens when it is there. */
  makeFolder(path: string): Promise<void>;
  /** The names that came to or left the folder before are on disk when it resolves. */
  syncFolder(path: string): Promise<void>;
  list(path: string): AsyncIterable<string>;
  /** Free share of the file system, 0–1. */
  freeShare(path: string): Promise<number>;
  close(): Promise<void>;
}
