import { crc32c } from '@node-rs/crc32';
import { type Random, seededRandom } from '../../../runtime/random.ts';
import type { FileMap } from '../formats/memory-source.ts';

/**
 * A replay: a table's files in the order in which its writer once made them, found from the files and never from
 * times. Pure data: `run.ts` uploads it, `truth.ts` says what a reader must see after each step.
 */

export type TableFormat = 'delta' | 'iceberg' | 'hudi' | 'directory';

export interface PlannedUpload {
  /** Relative to the table's prefix. */
  readonly name: string;
  readonly content: Uint8Array;
  /** As GCS writes it: base 64 of the big-endian value. */
  readonly crc32c: string;
}

export interface PlannedStep {
  /** The version a reader reports once the step is done: `12`, `v3.metadata.json`, a completed instant's file name. */
  readonly label: string;
  readonly uploads: readonly PlannedUpload[];
  /** Names the writer deletes: vacuum, clean, expiry, restore. The step's version does not reach them. */
  readonly deletes?: readonly PlannedDelete[];
}

export interface PlannedDelete {
  readonly name: string;
  /** How many of the step's uploads come before it. */
  readonly afterUploads: number;
}

export interface ReplayPlan {
  readonly table: string;
  readonly format: TableFormat;
  /** What is there before the first commit. */
  readonly before: readonly PlannedUpload[];
  /** One commit each, in commit order. */
  readonly steps: readonly PlannedStep[];
  /** Names that no step reaches. */
  readonly after: readonly PlannedUpload[];
}

export interface PlanOptions {
  readonly seed: number;
  /** Invented data files that no commit names, as failed tasks leave them: so many beside the data of each step. */
  readonly orphansPerStep: number;
  /** Iceberg: foreign path prefixes that stand for the table's prefix. */
  readonly pathAliases: readonly string[];
  /** `gs://bucket/prefix/`: where absolute paths of this table begin. */
  readonly root: string;
  /**
   * Iceberg: `synthesised` writes `version-hint.text` = N at each step; `sample` leaves out hints the sample lacks, so
   * that readers must find the newest version by listing.
   */
  readonly icebergHints: 'synthesised' | 'sample';
  /** Iceberg: the names in the order in which the table's writer uploaded them, where that is known. */
  readonly order: readonly string[] | undefined;
}

export const PLAN_DEFAULTS: PlanOptions = {
  seed: 1,
  orphansPerStep: 0,
  pathAliases: [],
  root: 'gs://lake/table/',
  icebergHints: 'synthesised',
  order: undefined,
};

export function crc32cOf(content: Uint8Array): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c(Buffer.from(content.buffer, content.byteOffset, content.byteLength)));
  return bytes.toString('base64');
}

/** Hands out each file of a folder once; what is left at the end is what no step reached. */
export class PlanBuilder {
  readonly files: FileMap;
  readonly #left: Set<string>;
  readonly #random: Random;
  readonly #orphansPerStep: number;

  constructor(files: FileMap, options: PlanOptions) {
    this.files = files;
    this.#left = new Set(files.keys());
    this.#random = seededRandom(options.seed);
    this.#orphansPerStep = options.orphansPerStep;
  }

  /** The upload of a file that has not been handed out yet, else nothing. */
  take(name: string): readonly PlannedUpload[] {
    const content = this.files.get(name);
    return content !== undefined && this.#left.delete(name) ? [upload(name, content)] : [];
  }

  takeAll(names: Iterable<string>): readonly PlannedUpload[] {
    return [...names].flatMap((name) => this.take(name));
  }

  /** As `takeAll`, in seeded random order. */
  takeShuffled(names: Iterable<string>): readonly PlannedUpload[] {
    return this.#shuffle(this.takeAll(names));
  }

  /** Data in seeded random order with invented orphans between; `orphanName` gets sixteen hex digits. */
  takeData(names: Iterable<string>, orphanName: (hex: string) => string): readonly PlannedUpload[] {
    const orphans = Array.from({ length: this.#orphansPerStep }, () => {
      const hex = Buffer.from(this.#random.bytes(8)).toString('hex');
      return upload(orphanName(hex), this.#random.bytes(64));
    });
    return this.#shuffle([...this.takeAll(names), ...orphans]);
  }

  /** A file whose content is derived: the folder's own version of it counts as handed out. */
  derive(name: string, content: Uint8Array): PlannedUpload {
    this.#left.delete(name);
    return upload(name, content);
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  rest(): readonly PlannedUpload[] {
    return this.takeAll([...this.#left].sort());
  }

  #shuffle(uploads: readonly PlannedUpload[]): readonly PlannedUpload[] {
    const shuffled = [...uploads];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = Math.floor(this.#random.unit() * (last + 1));
      const [one, two] = [shuffled[last], shuffled[other]];
      if (one !== undefined && two !== undefined) [shuffled[last], shuffled[other]] = [two, one];
    }
    return shuffled;
  }
}

function upload(name: string, content: Uint8Array): PlannedUpload {
  return { name, content, crc32c: crc32cOf(content) };
}

export function allUploads(plan: ReplayPlan): readonly PlannedUpload[] {
  return [...plan.before, ...plan.steps.flatMap((step) => step.uploads), ...plan.after];
}

/** A step's uploads and deletes in the order in which its writer makes them. */
export function* stepChanges({ uploads, deletes = [] }: PlannedStep): Generator<PlannedUpload | PlannedDelete> {
  for (let done = 0; done <= uploads.length; done += 1) {
    yield* deletes.filter(({ afterUploads }) => afterUploads === done);
    yield* uploads.slice(done, done + 1);
  }
}
