import type { Section } from '../../runtime/config/render-settings.ts';

/** Every command ends with one of these. */
export const EXIT = { ok: 0, notEqual: 1, error: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command writes. Results go to `out`; problems and progress go to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** `err` is a screen that can be redrawn. */
  readonly isInteractive: boolean;
  readonly columns: number;
}

/** One call of a command. */
export interface Call {
  /** Without the command's name, `--json` and `--help`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Results are wanted as one JSON document. */
  readonly isJson: boolean;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly usage: string;
  /** What it does, in a few sentences. */
  readonly description: string;
  readonly sections: readonly Section[];
  readonly examples: readonly { readonly command: string; readonly why: string }[];
  /** What each exit code means here. */
  readonly exits: Readonly<Partial<Record<ExitCode, string>>>;
  run(call: Call): Promise<ExitCode>;
}
