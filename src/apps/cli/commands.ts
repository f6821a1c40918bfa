import { SECTIONS } from '../../runtime/config/schema.ts';
import { type Command, EXIT } from './command.ts';
import { DEMO_SECTION, STATUS_SECTION, VERIFY_SECTION } from './settings.ts';

/** Every command of `strait`, in the order of the help. Each loads its code when it runs. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'demo',
    summary: 'Shows it: a cloud and two sites on this machine, real tables, readers that trust nothing',
    usage: 'strait demo [OPTIONS]',
    description:
      'Starts three sites as processes of their own: cloud, which stands in for GCS, and east and west, which\n' +
      'follow it through the GCS API alone. Real tables are replayed at the cloud commit by commit while a reader\n' +
      'at each site opens the newest version of every table and checks every file of it.',
    sections: [DEMO_SECTION],
    examples: [
      { command: 'strait demo', why: 'watch it, then play with the sites' },
      { command: 'strait demo --once --reset --json', why: 'as a test' },
    ],
    exits: {
      [EXIT.ok]: 'everything matched, or it was told to stop',
      [EXIT.notEqual]: 'something did not match',
      [EXIT.error]: 'it could not run',
    },
    run: async (call) => (await import('./demo.ts')).runDemoCommand(call),
  },
  {
    name: 'serve',
    summary: 'Runs a site: a GCS gateway, and sync when it follows a cloud',
    usage: 'strait serve --site NAME --data DIR [--cloud URL] [OPTIONS]',
    description:
      'Serves the GCS JSON API until SIGTERM, then lets requests under way finish. With --cloud it keeps the\n' +
      'buckets of that GCS endpoint in sync, commit by commit. Identity is not checked yet. Logs go to standard\n' +
      'error as JSON lines.',
    sections: SECTIONS,
    examples: [
      {
        command: 'strait serve --site cloud --listen 127.0.0.1:9000 --data ./cloud',
        why: 'a gateway of its own',
      },
      {
        command: 'strait serve --site east --listen 127.0.0.1:9001 --data ./east --cloud http://127.0.0.1:9000',
        why: 'a site that follows it',
      },
      {
        command:
          'strait serve --site east --data ./east --cloud https://storage.googleapis.com --bucket lake --hot-all',
        why: 'a site that follows a bucket of GCS with application default credentials',
      },
    ],
    exits: { [EXIT.ok]: 'it was told to stop and closed cleanly', [EXIT.error]: 'it could not start, or not close' },
    run: async (call) => (await import('./serve.ts')).runServe(call),
  },
  {
    name: 'status',
    summary: 'Says where a site stands: tables, lag, backlog, alarms',
    usage: 'strait status [--site URL] [OPTIONS]',
    description:
      'Asks a running site what it has published, what it waits for and how far it is behind its cloud.\n' +
      'Caught up means: every table at the newest complete commit of the last full listing, nothing waiting or held.',
    sections: [STATUS_SECTION],
    examples: [
      { command: 'strait status', why: 'the site at http://127.0.0.1:9001' },
      { command: 'until strait status --json > status.json; do sleep 1; done', why: 'wait until it has caught up' },
    ],
    exits: { [EXIT.ok]: 'caught up', [EXIT.notEqual]: 'not caught up', [EXIT.error]: 'the site cannot be asked' },
    run: async (call) => (await import('./status.ts')).runStatus(call),
  },
  {
    name: 'verify',
    summary: 'Proves that a site equals its cloud, or names what differs',
    usage: 'strait verify [--site URL] [--cloud URL] [OPTIONS]',
    description:
      'Compares every name at the site with the cloud: presence, generation, size and checksum; and reads the\n' +
      'bytes at the site. What differs is asked for a second time, because a live source moves.',
    sections: [VERIFY_SECTION],
    examples: [
      { command: 'strait verify --site http://127.0.0.1:9001', why: 'against the cloud that the site follows' },
      { command: 'strait verify --names --bucket lake', why: 'one bucket, without reading its bytes' },
    ],
    exits: {
      [EXIT.ok]: 'proved equal',
      [EXIT.notEqual]: 'different or behind: it says which',
      [EXIT.error]: 'the site or the cloud cannot be asked',
    },
    run: async (call) => (await import('./verify.ts')).runVerify(call),
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
    run: async (call) => (await import('./config.ts')).runConfig(call),
  },
];
