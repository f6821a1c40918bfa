import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StraitError } from '../../model/errors.ts';
import { ConfigError } from '../../runtime/config/setting.ts';
import { type Call, type Command, EXIT } from './command.ts';
import { COMMANDS } from './commands.ts';
import { runCli } from './run-cli.ts';
import { renderStatus } from './status.ts';

const echo: Command = {
  name: 'echo',
  summary: 'Says its arguments',
  usage: 'strait echo [WORD …]',
  description: 'Says what it was given.',
  sections: [],
  examples: [{ command: 'strait echo a', why: 'says a' }],
  exits: { [EXIT.ok]: 'said' },
  run: async ({ args, terminal, isJson }) => {
    const [first] = args;
    if (first === 'config') throw new ConfigError(['one', 'two']);
    if (first === 'gone') throw new StraitError('unavailable', 'nobody there', {});
    if (first === 'bug') throw new TypeError('oops');
    terminal.out(isJson ? JSON.stringify(args) : args.join(' '));
    return first === 'behind' ? EXIT.notEqual : EXIT.ok;
  },
};

async function run(args: readonly string[], commands: readonly Command[] = [echo]) {
  const texts = { out: '', err: '' };
  const terminal = {
    out: (text: string) => {
      texts.out += text;
    },
    err: (text: string) => {
      texts.err += text;
    },
    isInteractive: false,
    columns: 80,
  };
  const call: Call = { args, env: {}, terminal, isJson: false, signal: new AbortController().signal };
  return { code: await runCli(commands, call), ...texts };
}

test('a command gets its own arguments and its code is the exit code', async () => {
  assert.deepEqual(await run(['echo', 'a', '--b']), { code: 0, out: 'a --b', err: '' });
  assert.deepEqual(await run(['echo', 'behind', '--json']), { code: 1, out: '["behind"]', err: '' });
});

test('whatever goes wrong is exit 2, in words; as JSON when wanted', async () => {
  assert.deepEqual(await run(['echo', 'config']), { code: 2, out: '', err: 'strait echo: one\nstrait echo: two\n' });
  assert.deepEqual(await run(['echo', 'gone']), { code: 2, out: '', err: 'strait echo: nobody there\n' });
  assert.match((await run(['echo', 'bug'])).err, /TypeError: oops\n\s+at /);
  const failed = await run(['echo', '--json', 'config']);
  assert.deepEqual([failed.code, JSON.parse(failed.out).problems, failed.err], [2, ['one', 'two'], '']);
});

test('an unknown command names the nearest', async () => {
  const { code, err } = await run(['ehco']);
  assert.equal(code, 2);
  assert.match(err, /no command 'ehco'; did you mean echo\?/);
});

test('help lists commands, explains one, and speaks JSON', async () => {
  for (const args of [[], ['help'], ['--help']]) assert.match((await run(args)).out, /echo {2}Says its arguments/);
  for (const args of [
    ['help', 'echo'],
    ['echo', '--help'],
    ['echo', '-h'],
  ]) {
    assert.match((await run(args)).out, /Usage: strait echo[\s\S]+Exit codes:\n {2}0 {2}said[\s\S]+# says a/);
  }
  assert.equal(JSON.parse((await run(['help', '--json'])).out)[0].name, 'echo');
  assert.equal((await run(['help', 'ehco'])).code, 2);
});

test('every command documents its examples and what success and an error mean', () => {
  for (const { name, examples, exits, usage } of COMMANDS) {
    assert.ok(usage.startsWith(`strait ${name}`), name);
    assert.ok(examples.length > 0 && examples.every(({ command }) => command.includes(`strait ${name}`)), name);
    assert.ok(exits[EXIT.ok] && exits[EXIT.error], name);
  }
});

test('config refuses what serve would refuse, and never prints a secret', async () => {
  const open = await run(['config', '--site', 'east', '--data', 'x', '--listen', '0.0.0.0:1'], COMMANDS);
  assert.equal(open.code, 2);
  assert.match(open.err, /identity is not checked yet/);
  const secret = ['--metadata', 'postgres', '--metadata-url', 'postgres://u:hunter2@db/s'];
  const shown = await run(['config', '--site', 'east', '--data', 'x', ...secret, '--json'], COMMANDS);
  assert.equal(JSON.parse(shown.out).metadataUrl, '(hidden)');
  assert.ok(!shown.out.includes('hunter2'));
});

test('status names what is late and why', () => {
  const text = renderStatus({
    site: 'east',
    cloud: 'http://127.0.0.1:9000',
    caughtUp: false,
    backlog: 3,
    retiring: 1,
    callsPerMinute: 120,
    callsTotal: 1000,
    bytesFetched: 5,
    lagMs: { last: 80, p50: 80, p99: 12_400, max: 12_400, count: 9 },
    alarms: ['space is short'],
    trouble: {},
    tables: [
      {
        bucket: 'lake',
        prefix: 't/',
        format: 'delta',
        state: 'waiting',
        published: '3',
        publishedCount: 4,
        skippedCount: 2,
        lagCommits: 1,
        lagMs: { last: 80, p50: 80, p99: 80, max: 80, count: 4 },
        missing: ['t/part-1.parquet'],
        warnings: [],
      },
    ],
  });
  assert.match(text, /east follows http:\/\/127\.0\.0\.1:9000: not caught up/);
  assert.match(text, /backlog 3 names, retiring 1 name, 120 calls a minute, lag p50 80 ms p99 12 s/);
  assert.match(text, /^ALARM {2}space is short$/m);
  assert.match(text, /^gs:\/\/lake\/t\/ {2}delta {3}waiting {2}3 {3}1 {7}80 ms {2}4 \(\+2 skipped\)$/m);
  assert.match(text, /^ {4}waits for t\/part-1\.parquet$/m);
});
