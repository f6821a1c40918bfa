import fs from 'node:fs';
import { promisify } from 'node:util';
import { tryLock, unlock } from 'fs-native-extensions';
import { isMissing } from './disk-errors.ts';
import type { FileLayer, LayerFile, OpenMode } from './file-layer.ts';

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const fstat = promisify(fs.fstat);
const ftruncate = promisify(fs.ftruncate);
const rename = promisify(fs.rename);
const unlinkFile = promisify(fs.unlink);
const mkdir = promisify(fs.mkdir);
const access = promisify(fs.access);

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY,
  update: O_RDWR,
  create: O_RDWR | O_CREAT,
  createNew: O_RDWR | O_CREAT | O_EXCL,
};

/** The real file system. */
export class NodeFileLayer implements FileLayer {
  /** Folders are synced often and are few: their descriptors stay open. */
  readonly #folders = new Map<string, Promise<number>>();

  async open(path: string, mode: OpenMode): Promise<LayerFile> {
    return new NodeFile(await open(path, FLAGS[mode], 0o640));
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  unlink(path: string): Promise<void> {
    return unlinkFile(path);
  }

  async exists(path: string): Promise<boolean> {
    try {
      await access(path);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async makeFolder(path: string): Promise<void> {
    try {
      await mkdir(path, 0o750);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }

  async syncFolder(path: string): Promise<void> {
    let descriptor = this.#folders.get(path);
    if (descriptor === undefined) {
      descriptor = open(path, O_RDONLY);
      this.#folders.set(path, descriptor);
      descriptor.catch(() => this.#folders.delete(path));
    }
    await fsync(await descriptor);
  }

  async *list(path: string): AsyncIterable<string> {
    for await (const entry of await fs.promises.opendir(path)) yield entry.name;
  }

  async freeShare(path: string): Promise<number> {
    const { bavail, blocks } = await fs.promises.statfs(path);
    return blocks === 0 ? 1 : bavail / blocks;
  }

  async close(): Promise<void> {
    const descriptors = await Promise.all(this.#folders.values());
    this.#folders.clear();
    for (const descriptor of descriptors) await close(descriptor);
  }
}

class NodeFile implements LayerFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    let rest = pieces;
    let at = position;
    while (rest.length > 0) {
      const written = await vectored(fs.writev, this.#descriptor, rest, at);
      rest = without(rest, written);
      at += written;
      if (written === 0 && rest.length > 0) throw new Error('a write wrote nothing');
    }
  }

  async read(targets: readonly Uint8Array[], position: number): Promise<number> {
    let rest = targets;
    let total = 0;
    while (rest.length > 0) {
      const got = await vectored(fs.readv, this.#descriptor, rest, position + total);
      if (got === 0) break;
      total += got;
      rest = without(rest, got);
    }
    return total;
  }

  sync(): Promise<void> {
    return fdatasync(this.#descriptor);
  }

  truncate(sizeBytes: number): Promise<void> {
    return ftruncate(this.#descriptor, sizeBytes);
  }

  async stat() {
    const { size, nlink, mtimeMs } = await fstat(this.#descriptor);
    return { sizeBytes: size, linkCount: nlink, modifiedMs: mtimeMs };
  }

  tryLock(): boolean {
    return tryLock(this.#descriptor);
  }

  unlock(): void {
    unlock(this.#descriptor);
  }

  close(): Promise<void> {
    return close(this.#descriptor);
  }
}

function vectored(
  call: typeof fs.writev | typeof fs.readv,
  descriptor: number,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    call(descriptor, pieces, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** The pieces that remain after their first `count` bytes, empty ones left out. */
function without(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  for (const [index, piece] of pieces.entries()) {
    if (piece.length > left) return [piece.subarray(left), ...pieces.slice(index + 1)];
    left -= piece.length;
  }
  return [];
}
