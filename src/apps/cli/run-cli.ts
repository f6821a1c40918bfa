import { isStraitError } from '../../model/errors.ts';
import { nearest } from '../../runtime/config/nearest.ts';
import { ConfigError } from '../../runtime/config/setting.ts';
import { type Call, type Command, EXIT, type ExitCode } from './command.ts';
import { describeCommands, renderCommandHelp, renderCommandList } from './help.ts';
import { readVersion } from './version.ts';

/** Finds the command, runs it, and turns whatever goes wrong into words and exit code 2. */
export async function runCli(commands: readonly Command[], call: Call): Promise<ExitCode> {
  const isHelp = call.args.includes('--help') || call.args.includes('-h');
  const isJson = call.args.includes('--json');
  const [name = 'help', ...args] = call.args.filter((arg) => !['--help', '-h', '--json'].includes(arg));
  const { terminal } = call;
  if (name === 'help') return showHelp(commands, { ...call, args, isJson });
  if (name === '--version') {
    const version = readVersion();
    terminal.out(isJson ? json({ version }) : `strait ${version}\n`);
    return EXIT.ok;
  }
  const command = commands.find((known) => known.name === name);
  if (!command) return fail({ ...call, isJson }, 'strait', [unknownCommand(name, commands)]);
  if (isHelp) {
    terminal.out(isJson ? json(describeCommands([command])) : renderCommandHelp(command));
    return EXIT.ok;
  }
  try {
    return await command.run({ ...call, args, isJson });
  } catch (error) {
    return fail({ ...call, isJson }, `strait ${name}`, problemsOf(error));
  }
}

function showHelp(commands: readonly Command[], call: Call): ExitCode {
  const [wanted] = call.args;
  const command = commands.find(({ name }) => name === wanted);
  if (wanted !== undefined && !command) return fail(call, 'strait help', [unknownCommand(wanted, commands)]);
  const shown = command ? [command] : commands;
  const text = command ? renderCommandHelp(command) : renderCommandList(commands);
  call.terminal.out(call.isJson ? json(describeCommands(shown)) : text);
  return EXIT.ok;
}

function unknownCommand(name: string, commands: readonly Command[]): string {
  const like = nearest(
    name,
    commands.map((command) => command.name),
  );
  return `there is no command '${name}'${like === undefined ? '' : `; did you mean ${like}?`} (strait help lists them)`;
}

function fail({ terminal, isJson }: Call, who: string, problems: readonly string[]): ExitCode {
  if (isJson) terminal.out(json({ error: problems.join('\n'), problems }));
  else for (const problem of problems) terminal.err(`${who}: ${problem}\n`);
  return EXIT.error;
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.problems;
  if (isStraitError(error)) return [error.message];
  // Whatever else it is, it is a defect here: its stack is what helps.
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
