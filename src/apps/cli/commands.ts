import { SECTIONS } from '../../runtime/config/schema.ts';
import { type Call, type Command, EXIT } from './command.ts';
import { runConfig } from './config.ts';
import { ENDPOINT_SECTION, runStatus } from './status.ts';

/** Every command of `strait`, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'status',
    summary: 'Says where a site stands: tables, lag, backlog, alarms',
    usage: 'strait status [--site URL] [OPTIONS]',
    description:
      'Asks a running site what it has published, what it waits for and how far it is behind its cloud.\n' +
      'Caught up means: every table at the newest complete commit of the last full listing, nothing waiting or held.',
    sections: [ENDPOINT_SECTION],
    examples: [
      { command: 'strait status', why: 'the site of the demo' },
      { command: 'until strait status --json > status.json; do sleep 1; done', why: 'wait until it has caught up' },
    ],
    exits: { [EXIT.ok]: 'caught up', [EXIT.notEqual]: 'not caught up', [EXIT.error]: 'the site cannot be asked' },
    run: runStatus,
  },
  {
    name: 'config',
    summary: 'Prints the configuration serve would run with, secrets hidden',
    usage: 'strait config [OPTIONS of serve]',
    description:
      'Reads flags, STRAIT_… variables and strait.yaml as serve does, checks them, and prints the result as a\n' +
      'configuration file. docs/reference/config.md explains each setting.',
    sections: SECTIONS,
    examples: [{ command: 'strait config --site east --data ./east', why: 'what a site would run with' }],
    exits: { [EXIT.ok]: 'it is valid', [EXIT.error]: 'it is not: each problem is named with the way out' },
    run: async (call: Call) => runConfig(call),
  },
];
