/** The one entry point of `strait`: hands the process to `runCli` and its exit code back. */
import { readEnvironment } from '../../runtime/config/config-file.ts';
import type { Terminal } from './command.ts';
import { COMMANDS } from './commands.ts';
import { runCli } from './run-cli.ts';

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isInteractive: process.stderr.isTTY === true,
  columns: process.stderr.columns ?? 80,
};

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

// A reader that goes away (`strait status | head`) ends the process without a complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
// Whoever reads the log may go away, or have no room for it: no reason to stop serving.
process.stderr.on('error', () => {});

process.exitCode = await runCli(COMMANDS, {
  args: process.argv.slice(2),
  env: readEnvironment(),
  terminal,
  isJson: false,
  signal: stop.signal,
});
