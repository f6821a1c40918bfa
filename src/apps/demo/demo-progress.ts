import type { Clock } from '../../runtime/clock.ts';
import type { SiteFollower } from './check/site-follower.ts';
import type { LakeReplay } from './replay/lake-replay.ts';

/** Where the demo writes. Results go to `out`, progress to `err`. */
export interface DemoTerminal {
  out(text: string): void;
  err(text: string): void;
  /** `err` is a screen that can be redrawn. */
  readonly isInteractive: boolean;
  readonly columns: number;
}

const REDRAW_MS = 200;
const PLAIN_LINE_MS = 5_000;
const BAR_WIDTH = 16;
const NAME_WIDTH = 40;

/** Shows the replay while it runs: one line a table on a terminal, one line every few seconds elsewhere. */
export class DemoProgress {
  readonly #clock: Clock;
  readonly #terminal: DemoTerminal;
  readonly #replay: LakeReplay;
  readonly #followers: readonly SiteFollower[];
  #drawnLines = 0;

  constructor(
    deps: { readonly clock: Clock; readonly terminal: DemoTerminal },
    replay: LakeReplay,
    followers: readonly SiteFollower[],
  ) {
    this.#clock = deps.clock;
    this.#terminal = deps.terminal;
    this.#replay = replay;
    this.#followers = followers;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { isInteractive } = this.#terminal;
    while (!signal.aborted) {
      this.#draw();
      await this.#clock.sleep(isInteractive ? REDRAW_MS : PLAIN_LINE_MS, signal);
    }
    this.#draw();
  }

  #draw(): void {
    if (!this.#terminal.isInteractive) {
      this.#terminal.err(`${this.#summary()}\n`);
      return;
    }
    const lines = [this.#heading(), ...this.#tableLines(), this.#summary()];
    const up = this.#drawnLines === 0 ? '' : `\x1b[${this.#drawnLines}A`;
    const width = Math.max(20, this.#terminal.columns - 1);
    this.#terminal.err(up + lines.map((line) => `\x1b[2K${line.slice(0, width)}\n`).join(''));
    this.#drawnLines = lines.length;
  }

  #heading(): string {
    const places = ['cloud', ...this.#followers.map((follower) => follower.name)];
    return `${''.padEnd(NAME_WIDTH)}  ${places.map((place) => place.padEnd(BAR_WIDTH + 8)).join('')}`;
  }

  #tableLines(): readonly string[] {
    const seen = this.#followers.map((follower) => follower.tables());
    return this.#replay.tables().map(({ table, commits }, index) => {
      const total = table.plan.steps.length;
      const positions = [commits, ...seen.map((tables) => tables[index]?.position ?? 0)];
      return `${table.table.name.padEnd(NAME_WIDTH)}  ${positions.map((position) => bar(position, total)).join('')}`;
    });
  }

  #summary(): string {
    const tables = this.#replay.tables();
    const committed = tables.reduce((sum, one) => sum + one.commits, 0);
    const total = tables.reduce((sum, one) => sum + one.table.plan.steps.length, 0);
    const sites = this.#followers.map((follower) => {
      const followed = follower.tables();
      const at = followed.reduce((sum, one) => sum + one.position, 0);
      const opened = followed.reduce((sum, one) => sum + one.opened, 0);
      const broken = followed.reduce((sum, one) => sum + one.broken, 0);
      return `${follower.name} ${at} (${opened} snapshots opened, ${broken} broken)`;
    });
    return `commits: cloud ${committed} of ${total} · ${sites.join(' · ')}`;
  }
}

function bar(position: number, total: number): string {
  const filled = Math.round((BAR_WIDTH * position) / Math.max(1, total));
  const count = `${position}`.padStart(4);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}${count}`.padEnd(BAR_WIDTH + 8);
}
