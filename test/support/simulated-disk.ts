import { basename, dirname } from 'node:path';
import type { Random } from '../../src/runtime/random.ts';
import type { FileLayer, LayerFile, OpenMode } from '../../src/stores/blobs/files/file-layer.ts';

const PAGE_BYTES = 4096;

/** A file's bytes as processes see them, and as they are on the platter. */
interface Node {
  cached: Buffer;
  stored: Buffer;
  links: number;
  holder: symbol | undefined;
}

interface Folder {
  readonly cached: Map<string, Node>;
  stored: Map<string, Node>;
}

/** Flushes this disk only pretends to do. */
export type Lie = 'sync' | 'syncFolder';

interface Move {
  readonly from: Folder;
  readonly oldName: string;
  readonly to: Folder;
  readonly newName: string;
  readonly node: Node;
}

/**
 * A disk that forgets: without a flush, a power cut keeps any of the pages and names written since, in any mixture;
 * only a rename is kept or lost whole, as journaling file systems do it. The power can be set to go off at a step; what
 * was under way then never ends, as for a process that is no more.
 */
export class SimulatedDisk {
  readonly folders = new Map<string, Folder>();
  /** Renames that no flush has made durable yet, oldest first. */
  #moves: Move[] = [];
  readonly #random: Random;
  readonly #lies: ReadonlySet<Lie>;
  #stepsLeft = Number.POSITIVE_INFINITY;
  #life = 0;
  #isOff = () => {};
  /** Resolves when the power goes off. */
  off: Promise<void> = Promise.resolve();

  constructor(random: Random, lies: readonly Lie[] = []) {
    this.#random = random;
    this.#lies = new Set(lies);
  }

  /** The disk as the processes of this life see it; after a power cut it answers nobody any more. */
  mount(): FileLayer {
    return new MountedDisk(this, this.#life);
  }

  pretends(lie: Lie): boolean {
    return this.#lies.has(lie);
  }

  isOver(life: number): boolean {
    return life !== this.#life;
  }

  move(move: Move): void {
    move.from.cached.delete(move.oldName);
    move.to.cached.set(move.newName, move.node);
    this.#moves.push(move);
  }

  flushNames(folder: Folder): void {
    for (const move of this.#moves) if (move.from === folder || move.to === folder) keep(move);
    this.#moves = this.#moves.filter((move) => move.from !== folder && move.to !== folder);
    folder.stored = new Map(folder.cached);
  }

  /** Each file operation is one step; when they are used up the power is off, and nothing ends any more. */
  async step(life: number): Promise<void> {
    for (let turns = Math.floor(this.#random.unit() * 4); turns > 0; turns -= 1) await null;
    if (this.isOver(life)) await new Promise(() => {});
    this.#stepsLeft -= 1;
    if (this.#stepsLeft >= 0) return;
    this.#isOff();
    await new Promise(() => {});
  }

  /** Power is on, and goes off after so many steps. */
  powerOn(steps = Number.POSITIVE_INFINITY): void {
    this.#stepsLeft = steps;
    this.off = new Promise((resolve) => {
      this.#isOff = resolve;
    });
  }

  /** What the platter holds: every unflushed page and name is kept or lost by chance. */
  loseUnflushed(): void {
    this.#life += 1;
    const moved = new Set<Node | undefined>();
    for (const move of this.#moves.splice(0)) {
      moved.add(move.node);
      if (this.#chance()) keep(move);
    }
    for (const folder of this.folders.values()) {
      const names = new Set([...folder.cached.keys(), ...folder.stored.keys()]);
      for (const name of names) {
        const [cached, stored] = [folder.cached.get(name), folder.stored.get(name)];
        const isMoved = moved.has(cached) || moved.has(stored);
        if (cached === stored || (!isMoved && this.#chance())) continue;
        if (stored === undefined) folder.cached.delete(name);
        else folder.cached.set(name, stored);
      }
      folder.stored = new Map(folder.cached);
    }
    for (const node of this.#linkedNodes()) {
      this.#losePages(node);
      node.holder = undefined;
    }
  }

  #losePages(node: Node): void {
    const length = this.#chance() ? node.cached.length : node.stored.length;
    const kept = resized(node.stored, length);
    for (let start = 0; start < length; start += PAGE_BYTES) {
      const page = node.cached.subarray(start, Math.min(start + PAGE_BYTES, length));
      if (this.#chance()) page.copy(kept, start);
    }
    node.cached = kept;
    node.stored = Buffer.from(kept);
  }

  #chance(): boolean {
    return this.#random.unit() < 0.5;
  }

  #linkedNodes(): ReadonlySet<Node> {
    return new Set([...this.folders.values()].flatMap(({ cached }) => [...cached.values()]));
  }
}

class MountedDisk implements FileLayer {
  readonly #disk: SimulatedDisk;
  readonly #life: number;

  constructor(disk: SimulatedDisk, life: number) {
    this.#disk = disk;
    this.#life = life;
  }

  async open(path: string, mode: OpenMode): Promise<LayerFile> {
    await this.#step();
    const folder = this.#folder(dirname(path));
    let node = folder.cached.get(basename(path));
    if (node !== undefined && mode === 'createNew') throw failure('EEXIST', path);
    if (node === undefined) {
      if (mode === 'read' || mode === 'update') throw failure('ENOENT', path);
      node = { cached: Buffer.alloc(0), stored: Buffer.alloc(0), links: 1, holder: undefined };
      folder.cached.set(basename(path), node);
    }
    return this.#fileOf(node);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step();
    const [source, target] = [this.#folder(dirname(from)), this.#folder(dirname(to))];
    const node = source.cached.get(basename(from));
    if (node === undefined) throw failure('ENOENT', from);
    this.#disk.move({ from: source, oldName: basename(from), to: target, newName: basename(to), node });
  }

  async unlink(path: string): Promise<void> {
    await this.#step();
    const folder = this.#folder(dirname(path));
    const node = folder.cached.get(basename(path));
    if (node === undefined) throw failure('ENOENT', path);
    node.links -= 1;
    folder.cached.delete(basename(path));
  }

  async exists(path: string): Promise<boolean> {
    await this.#step();
    return this.#disk.folders.has(path) || this.#disk.folders.get(dirname(path))?.cached.has(basename(path)) === true;
  }

  /** Folders are made once, at the start, and are taken to be durable: what they hold is what is under test. */
  async makeFolder(path: string): Promise<void> {
    if (!this.#disk.folders.has(path)) this.#disk.folders.set(path, { cached: new Map(), stored: new Map() });
  }

  async syncFolder(path: string): Promise<void> {
    await this.#step();
    const folder = this.#folder(path);
    if (!this.#disk.pretends('syncFolder')) this.#disk.flushNames(folder);
  }

  async *list(path: string): AsyncIterable<string> {
    yield* [...this.#folder(path).cached.keys()];
  }

  async freeShare(): Promise<number> {
    return 1;
  }

  async close(): Promise<void> {}

  #fileOf(node: Node): LayerFile {
    const owner = Symbol('open file');
    const release = () => {
      if (!this.#disk.isOver(this.#life) && node.holder === owner) node.holder = undefined;
    };
    return {
      write: async (pieces, position) => {
        await this.#step();
        const bytes = Buffer.concat(pieces);
        node.cached = resized(node.cached, Math.max(node.cached.length, position + bytes.length));
        bytes.copy(node.cached, position);
      },
      read: async (targets, position) => {
        await this.#step();
        let at = position;
        for (const target of targets) at += node.cached.copy(target, 0, at, at + target.length);
        return at - position;
      },
      sync: async () => {
        await this.#step();
        if (!this.#disk.pretends('sync')) node.stored = Buffer.from(node.cached);
      },
      truncate: async (sizeBytes) => {
        await this.#step();
        node.cached = resized(node.cached, sizeBytes);
      },
      stat: async () => ({ sizeBytes: node.cached.length, linkCount: node.links, modifiedMs: 0 }),
      tryLock: () => {
        // Nobody of a life that is over may wait for a lock: its next step never ends.
        if (this.#disk.isOver(this.#life)) return true;
        if (node.holder !== undefined && node.holder !== owner) return false;
        node.holder = owner;
        return true;
      },
      unlock: release,
      close: async () => release(),
    };
  }

  #step(): Promise<void> {
    return this.#disk.step(this.#life);
  }

  #folder(path: string): Folder {
    const folder = this.#disk.folders.get(path);
    if (folder === undefined) throw failure('ENOENT', path);
    return folder;
  }
}

/** On the platter now: the old name is gone and the new one there. */
function keep({ from, oldName, to, newName, node }: Move): void {
  from.stored.delete(oldName);
  if (to.cached.get(newName) === node) to.stored.set(newName, node);
}

function resized(bytes: Buffer, length: number): Buffer {
  const grown = Buffer.alloc(length);
  bytes.copy(grown, 0, 0, length);
  return grown;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, errno: -1 });
}
