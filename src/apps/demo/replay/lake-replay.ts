import type { Clock } from '../../../runtime/clock.ts';
import { type Random, seededRandom } from '../../../runtime/random.ts';
import { DEMO_BUCKET, type PreparedTable } from '../demo-tables.ts';
import type { CloudWriter } from './cloud-writer.ts';
import { TableReplay } from './table-replay.ts';

export interface LakeReplaySettings {
  /** All tables together. */
  readonly commitsPerSecond: number;
  readonly seed: number;
}

/** How far the replay of one table is at the cloud. */
export interface ReplayedTable {
  readonly table: PreparedTable;
  readonly commits: number;
  /** When each commit was whole at the cloud, by label; milliseconds since the epoch. */
  readonly committedMs: ReadonlyMap<string, number>;
}

interface Replayed {
  readonly replay: TableReplay;
  state: ReplayedTable;
}

/**
 * Replays many tables side by side at a steady rate of commits. Which table goes next is drawn with the weight of the
 * commits it has left, so that all flow to the end.
 */
export class LakeReplay {
  readonly #clock: Clock;
  readonly #writer: CloudWriter;
  readonly #settings: LakeReplaySettings;
  readonly #random: Random;
  readonly #tables: readonly Replayed[];

  constructor(
    deps: { readonly clock: Clock; readonly writer: CloudWriter },
    tables: readonly PreparedTable[],
    settings: LakeReplaySettings,
  ) {
    this.#clock = deps.clock;
    this.#writer = deps.writer;
    this.#settings = settings;
    this.#random = seededRandom(settings.seed);
    this.#tables = tables.map((table) => ({
      replay: new TableReplay(deps.writer, table.plan, { bucket: DEMO_BUCKET, prefix: table.prefix }),
      state: { table, commits: 0, committedMs: new Map() },
    }));
  }

  tables(): readonly ReplayedTable[] {
    return this.#tables.map((one) => one.state);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#writer.ensureBucket(DEMO_BUCKET);
    await this.#writer.remember(DEMO_BUCKET);
    const gapMs = 1000 / this.#settings.commitsPerSecond;
    let dueMs = this.#clock.monotonicMs();
    for (let next = this.#draw(); next !== undefined && !signal.aborted; next = this.#draw()) {
      await this.#clock.sleep(Math.max(0, dueMs - this.#clock.monotonicMs()), signal);
      const startedMs = this.#clock.monotonicMs();
      const before = next.replay.sent;
      await this.#commit(next);
      // What the cloud has from an earlier run takes no turn.
      if (next.replay.sent > before) dueMs = Math.max(dueMs + gapMs, startedMs);
    }
  }

  async #commit(next: Replayed): Promise<void> {
    const step = await next.replay.step();
    if (step === undefined) return;
    const { state } = next;
    const committedMs = new Map(state.committedMs).set(step.label, this.#clock.nowMs());
    next.state = { ...state, commits: state.commits + 1, committedMs };
    if (next.replay.stepsLeft === 0) await next.replay.finish();
  }

  #draw(): Replayed | undefined {
    const left = this.#tables.map((one) => one.replay.stepsLeft);
    let ticket = this.#random.unit() * left.reduce((sum, count) => sum + count, 0);
    for (const [index, count] of left.entries()) {
      if (ticket < count) return this.#tables[index];
      ticket -= count;
    }
    return this.#tables.findLast((one) => one.replay.stepsLeft > 0);
  }
}
