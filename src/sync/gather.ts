/** Whether everything a step of a table needs is here: names in the applied view, bytes where they must be local. */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import { appliedState } from '../model/faces.ts';
import { type Generation, generation, type ObjectName } from '../model/ids.ts';
import { forEachBounded, inBatches } from '../runtime/concurrency.ts';
import type { FileRef, TableStep } from '../tables/port.ts';
import type { SyncDeps } from './deps.ts';
import { differs, type ReadRow, readRows } from './faces.ts';
import type { Transfers } from './transfer.ts';

const NO_GENERATION = generation(0n);
const BATCH = 200;
const MISSING_MAX = 100;
/** Names kept in memory of one step: control, overwritten and removed ones. */
const NAMES_MAX = 200_000;

/** A step whose files are all here, and what publishing it would change. */
export interface WholeStep {
  readonly kind: 'whole';
  /**
   * Control names and data names readers see in another generation, each with the generation that was gathered, in
   * publishing order.
   */
  readonly control: ReadonlyMap<ObjectName, Generation>;
  readonly overwritten: ReadonlyMap<ObjectName, Generation>;
  readonly removed: readonly ObjectName[];
  /** Data names that are new here: all of them when few, else only their number. */
  readonly added: { readonly count: number; readonly names: ReadonlyMap<ObjectName, Generation> };
}

export type Gathered =
  | WholeStep
  /** Late: these names (at most 100 of them) are not at the source, or not in the size the log states. */
  | { readonly kind: 'missing'; readonly names: readonly ObjectName[] }
  /** The source's bytes are not what the source says they are. */
  | { readonly kind: 'broken'; readonly name: ObjectName; readonly message: string };

export interface GatherInput {
  readonly bucket: Bucket;
  readonly step: TableStep;
  /** Data bytes must be local before the names are published. */
  readonly keepsBytes: (name: ObjectName) => boolean;
  readonly concurrency: number;
  /** New data names are listed in the answer up to this many. */
  readonly addedNamesMax: number;
}

export async function gather(deps: SyncDeps, transfers: Transfers, input: GatherInput): Promise<Gathered> {
  const gathering = new Gathering(deps, transfers, input);
  return gathering.run();
}

class Gathering {
  readonly #deps: SyncDeps;
  readonly #transfers: Transfers;
  readonly #input: GatherInput;
  readonly #missing = new Set<ObjectName>();
  readonly #control = new Map<ObjectName, Generation>();
  readonly #overwritten = new Map<ObjectName, Generation>();
  readonly #added = new Map<ObjectName, Generation>();
  #addedCount = 0;
  #broken: { readonly name: ObjectName; readonly message: string } | undefined;

  constructor(deps: SyncDeps, transfers: Transfers, input: GatherInput) {
    this.#deps = deps;
    this.#transfers = transfers;
    this.#input = input;
  }

  async run(): Promise<Gathered> {
    await this.#gatherControl();
    await this.#gatherData();
    const removed: ObjectName[] = [];
    for await (const name of this.#input.step.removes?.() ?? []) removed.push(name);
    if (this.#broken !== undefined) return { kind: 'broken', ...this.#broken };
    if (this.#missing.size > 0) return { kind: 'missing', names: [...this.#missing] };
    return {
      kind: 'whole',
      control: this.#control,
      overwritten: this.#overwritten,
      removed,
      added: { count: this.#addedCount, names: this.#added },
    };
  }

  #isHopeless(): boolean {
    if (this.#control.size > NAMES_MAX) {
      const name = this.#input.step.version.visibility;
      this.#broken ??= { name, message: `more than ${NAMES_MAX} names would change at one instant` };
    }
    return this.#broken !== undefined || this.#missing.size >= MISSING_MAX;
  }

  async #gatherControl(): Promise<void> {
    for await (const names of inBatches(this.#input.step.control(), BATCH)) {
      const refs = names.map((name) => ({ name }));
      for (const read of await this.#bring(refs, () => true)) this.#control.set(read.place.leaf, generationOf(read));
      if (this.#isHopeless()) return;
    }
  }

  async #gatherData(): Promise<void> {
    for await (const batch of inBatches(this.#input.step.closure(), BATCH)) {
      if (this.#isHopeless()) return;
      // What lay behind an unread file was not walked, even if the file came before it was asked for as a control name.
      const asked = batch.filter(({ name, unread }) => unread === true || !this.#control.has(name));
      const refs = new Map(asked.map((ref) => [ref.name, ref]));
      const rows = await this.#bring([...refs.values()], this.#input.keepsBytes);
      for (const read of rows) {
        const { faces } = read;
        if (faces === undefined || !differs(faces)) continue;
        if (faces.published !== undefined) this.#overwritten.set(read.place.leaf, generationOf(read));
        else this.#noteAdded(read);
      }
    }
  }

  #noteAdded(read: ReadRow): void {
    if (this.#added.has(read.place.leaf)) return;
    this.#addedCount += 1;
    if (this.#addedCount <= this.#input.addedNamesMax) this.#added.set(read.place.leaf, generationOf(read));
  }

  /** Notes what is missing of these files and fetches the bytes that must be local. Answers the rows that are there. */
  async #bring(refs: readonly FileRef[], isLocalNeeded: (name: ObjectName) => boolean): Promise<ReadRow[]> {
    const rows = await readRows(
      this.#deps.metadata,
      this.#input.bucket.id,
      refs.map(({ name }) => name),
    );
    const wanted: ReadRow[] = [];
    const here: ReadRow[] = [];
    for (const [index, read] of rows.entries()) {
      const ref = refs[index];
      const state = read.faces === undefined ? undefined : appliedState(read.faces);
      if (ref === undefined || this.#isMissing(ref, state?.size)) continue;
      if (state === undefined) continue;
      here.push(read);
      if (state.content.kind === 'remote' && isLocalNeeded(ref.name)) wanted.push(read);
    }
    await forEachBounded(wanted, this.#input.concurrency, (read) => this.#fetch(read));
    return here;
  }

  #isMissing(ref: FileRef, size: number | undefined): boolean {
    const isHere = size !== undefined && ref.unread !== true && (ref.size === undefined || ref.size === size);
    if (!isHere && ref.history !== true) this.#missing.add(ref.name);
    return !isHere;
  }

  async #fetch(read: ReadRow): Promise<void> {
    const name = read.place.leaf;
    const state = read.faces === undefined ? undefined : appliedState(read.faces);
    if (state === undefined) return;
    try {
      await this.#transfers.fetch(this.#input.bucket, name, state.generation);
    } catch (error) {
      if (isStraitError(error, 'objectNotFound')) this.#missing.add(name);
      else if (isStraitError(error, 'checksumMismatch')) this.#broken = { name, message: error.message };
      else throw error;
    }
  }
}

function generationOf(read: ReadRow): Generation {
  const state = read.faces === undefined ? undefined : appliedState(read.faces);
  return state?.generation ?? NO_GENERATION;
}
