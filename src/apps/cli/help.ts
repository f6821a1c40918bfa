import { renderOptionHelp } from '../../runtime/config/render-settings.ts';
import type { Command } from './command.ts';

/** Options that every command has. */
const COMMON = ['Always:', '  --json', '        Prints results as JSON.', '  --help', '        Prints this.'].join(
  '\n',
);

export function renderCommandList(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'strait: one gs:// namespace across Google Cloud Storage and your own data centers.',
    '',
    'Usage: strait COMMAND [OPTIONS]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'strait COMMAND --help says more; strait --version says which strait this is.',
    'Exit codes: 0 it is so, 1 it is not (behind, different), 2 an error.',
    '',
  ].join('\n');
}

export function renderCommandHelp(command: Command): string {
  const exits = Object.entries(command.exits).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return [
    `Usage: ${command.usage}`,
    command.description,
    ...(command.sections.length > 0 ? [renderOptionHelp(command.sections)] : []),
    COMMON,
    ['Exit codes:', ...exits].join('\n'),
    ['Examples:', ...command.examples.flatMap(({ command: line, why }) => [`  # ${why}`, `  ${line}`])].join('\n'),
    '',
  ].join('\n\n');
}

/** For tools: the same as JSON. */
export function describeCommands(commands: readonly Command[]): unknown {
  return commands.map(({ name, summary, usage, exits, examples, sections }) => ({
    name,
    summary,
    usage,
    exits,
    examples,
    settings: sections.flatMap(({ settings }) => settings.filter(({ testOnly }) => !testOnly)),
  }));
}
