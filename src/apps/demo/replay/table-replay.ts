import type { CloudWriter } from './cloud-writer.ts';
import { allUploads, type PlannedStep, type PlannedUpload, type ReplayPlan, stepChanges } from './plan.ts';

export interface ReplayPlace {
  readonly bucket: string;
  /** Ends in `/`. */
  readonly prefix: string;
}

/** Carries out one plan, step by step, in order. */
export class TableReplay {
  readonly plan: ReplayPlan;
  readonly #writer: CloudWriter;
  readonly #place: ReplayPlace;
  /** Every content a name gets, oldest first; most names get one. */
  readonly #contents = new Map<string, string[]>();
  readonly #written = new Map<string, number>();
  #next = -1;
  #sent = 0;

  constructor(writer: CloudWriter, plan: ReplayPlan, place: ReplayPlace) {
    this.plan = plan;
    this.#writer = writer;
    this.#place = place;
    for (const { name, crc32c } of allUploads(plan)) {
      this.#contents.set(name, [...(this.#contents.get(name) ?? []), crc32c]);
    }
  }

  /** Uploads that were not at the cloud already. */
  get sent(): number {
    return this.#sent;
  }

  get stepsLeft(): number {
    return this.plan.steps.length - Math.max(0, this.#next);
  }

  /** Uploads the next step (before the first one also what precedes it) and returns it; undefined after the last. */
  async step(): Promise<PlannedStep | undefined> {
    if (this.#next < 0) {
      await this.#putAll(this.plan.before);
      this.#next = 0;
    }
    const step = this.plan.steps[this.#next];
    if (step === undefined) return undefined;
    const { bucket, prefix } = this.#place;
    for (const change of stepChanges(step)) {
      if ('content' in change) await this.#put(change);
      else await this.#writer.remove(bucket, `${prefix}${change.name}`);
    }
    this.#next += 1;
    return step;
  }

  /** Uploads what no step reaches. */
  async finish(): Promise<void> {
    await this.#putAll(this.plan.after);
  }

  async #putAll(uploads: readonly PlannedUpload[]): Promise<void> {
    for (const upload of uploads) await this.#put(upload);
  }

  async #put(upload: PlannedUpload): Promise<void> {
    const position = this.#written.get(upload.name) ?? 0;
    const { bucket, prefix } = this.#place;
    const contents = this.#contents.get(upload.name) ?? [];
    const isNew = await this.#writer.put({ bucket, name: `${prefix}${upload.name}`, upload, contents, position });
    if (isNew) this.#sent += 1;
    this.#written.set(upload.name, position + 1);
  }
}
