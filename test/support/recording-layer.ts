import { dirname } from 'node:path';
import type { FileLayer, LayerFile } from '../../src/stores/blobs/files/file-layer.ts';

export type FileStep = 'create' | 'write' | 'sync' | 'rename' | 'syncFolder' | 'unlink';

export interface RecordedStep {
  readonly step: FileStep;
  /** The file; of a rename, its new name; of `syncFolder`, the folder. */
  readonly path: string;
  readonly from?: string;
  readonly position?: number;
  /** Ticks of one counter over all steps: a step that began after another ended was ordered after it. */
  readonly began: number;
  readonly ended: number;
}

/** Leaves a step out: the store believes that it happened. */
export type Dropping = (step: FileStep, path: string) => boolean;

/** Records what was done to the disk and in which order. */
export class RecordingLayer implements FileLayer {
  readonly steps: RecordedStep[] = [];
  readonly #layer: FileLayer;
  readonly #drops: Dropping;
  #tick = 0;

  constructor(layer: FileLayer, drops: Dropping = () => false) {
    this.#layer = layer;
    this.#drops = drops;
  }

  /** The time of something outside, such as an acknowledgement. */
  now(): number {
    this.#tick += 1;
    return this.#tick;
  }

  async open(path: string, mode: Parameters<FileLayer['open']>[1]): Promise<LayerFile> {
    const began = this.now();
    const file = await this.#layer.open(path, mode);
    if (mode === 'create' || mode === 'createNew') this.#add({ step: 'create', path, began });
    return {
      write: (pieces, position) => this.#record('write', path, () => file.write(pieces, position), { position }),
      read: (targets, position) => file.read(targets, position),
      sync: () => this.#record('sync', path, () => file.sync()),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      stat: () => file.stat(),
      tryLock: () => file.tryLock(),
      unlock: () => file.unlock(),
      close: () => file.close(),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#record('rename', to, () => this.#layer.rename(from, to), { from });
  }

  unlink(path: string): Promise<void> {
    return this.#record('unlink', path, () => this.#layer.unlink(path));
  }

  exists(path: string): Promise<boolean> {
    return this.#layer.exists(path);
  }

  makeFolder(path: string): Promise<void> {
    return this.#layer.makeFolder(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.#record('syncFolder', path, () => this.#layer.syncFolder(path));
  }

  list(path: string): AsyncIterable<string> {
    return this.#layer.list(path);
  }

  freeShare(path: string): Promise<number> {
    return this.#layer.freeShare(path);
  }

  close(): Promise<void> {
    return this.#layer.close();
  }

  async #record(step: FileStep, path: string, act: () => Promise<void>, more: Partial<RecordedStep> = {}) {
    if (this.#drops(step, path)) return;
    const began = this.now();
    await act();
    this.#add({ step, path, began, ...more });
  }

  #add(step: Omit<RecordedStep, 'ended'>): void {
    this.steps.push({ ...step, ended: this.now() });
  }
}

/** What was done to one file and its folder, ready to be asked for an order. */
export class FileHistory {
  readonly #byPath: ReadonlyMap<string, readonly RecordedStep[]>;

  constructor(steps: readonly RecordedStep[]) {
    this.#byPath = Map.groupBy(steps, ({ path }) => path);
  }

  /** Undefined when `path` was on disk, contents and name, at `tick`; otherwise which step is missing. */
  missingForFile(path: string, tick: number): string | undefined {
    const renamed = this.#last('rename', path, tick);
    const contentsPath = renamed?.from ?? path;
    const limit = renamed?.began ?? tick;
    const named = renamed?.ended ?? this.#last('create', path, tick)?.ended;
    if (named === undefined) return `${path} never got its name`;
    return this.missingForContents(contentsPath, limit) ?? this.#missingForName(path, named, tick);
  }

  /** Undefined when all writes to `path` that began before `tick` were flushed before it; and there were some. */
  missingForContents(path: string, tick: number): string | undefined {
    const written = this.#last('write', path, tick)?.ended;
    if (written === undefined) return `${path} was never written`;
    const isFlushed = this.#of(path).some(
      ({ step, began, ended }) => step === 'sync' && began > written && ended < tick,
    );
    return isFlushed ? undefined : `${path} was not flushed after its last write`;
  }

  lastWriteBegan(path: string, tick: number): number | undefined {
    return this.#last('write', path, tick)?.began;
  }

  #missingForName(path: string, named: number, tick: number): string | undefined {
    const flushes = this.#of(dirname(path));
    const isFlushed = flushes.some(({ step, began, ended }) => step === 'syncFolder' && began > named && ended < tick);
    return isFlushed ? undefined : `the folder of ${path} was not flushed after the name came`;
  }

  #last(step: FileStep, path: string, tick: number): RecordedStep | undefined {
    return this.#of(path).findLast((recorded) => recorded.step === step && recorded.began < tick);
  }

  #of(path: string): readonly RecordedStep[] {
    return this.#byPath.get(path) ?? [];
  }
}
