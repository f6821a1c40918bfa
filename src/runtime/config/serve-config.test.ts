import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingSources } from './read-settings.ts';
import { SETTINGS } from './schema.ts';
import { printServeConfig, readServeConfig } from './serve-config.ts';
import { ConfigError, flagOf, variableOf } from './setting.ts';

const ENOUGH = ['--site', 'east', '--data', 'here'];

function read(args: readonly string[], more: Partial<SettingSources> & { yaml?: string } = {}) {
  const file = more.yaml === undefined ? {} : { file: { path: 'strait.yaml', text: more.yaml } };
  return readServeConfig({ args, env: {}, ...more, ...file });
}

function problems(args: readonly string[], more: Parameters<typeof read>[1] = {}): readonly string[] {
  try {
    read(args, more);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('a flag beats a variable, a variable beats the file, the file beats the default', () => {
  const yaml = 'logLevel: warn\nreconcileMs: 7s\nheldAfterMs: 1m\n';
  const env = { STRAIT_LOG_LEVEL: 'debug', STRAIT_RECONCILE_MS: '6000', HOME: 'ignored' };
  const config = read([...ENOUGH, '--log-level', 'error'], { yaml, env });
  assert.equal(config.logLevel, 'error');
  assert.equal(config.reconcileMs, 6_000);
  assert.equal(config.heldAfterMs, 60_000);
  assert.equal(config.tailPollMs, 500);
});

test('every setting has a key, a flag and a variable of its own, and help', () => {
  const keys = SETTINGS.map((setting) => setting.key);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(flagOf('s3AccessKeyId'), '--s3-access-key-id');
  assert.equal(variableOf('tailPollMaxMs'), 'STRAIT_TAIL_POLL_MAX_MS');
  for (const { help, key } of SETTINGS) assert.match(help, /\.$/, `${key}: help ends in a full stop`);
});

test('every default fits its own bounds', () => {
  const everything = read(ENOUGH);
  assert.deepEqual(everything.listen, { host: '127.0.0.1', port: 9000 });
  assert.equal(everything.uploadTtlMs, 604_800_000);
  assert.equal(everything.cloud, undefined);
});

test('unknown flags, variables, keys and arguments are errors that name the nearest', () => {
  const found = problems([...ENOUGH, '--reconcil-ms', '5', '--zzzzzzzz', 'stray', 'alone'], {
    env: { STRAIT_LISTEM: 'x', STRAIT_TEST_FULL: '1', STRAIT_VERIFY_ONLY: '1' },
    otherVariables: ['STRAIT_VERIFY_ONLY'],
    yaml: 'hotall: true\n',
  });
  assert.deepEqual(found, [
    'unknown flag --reconcil-ms; did you mean --reconcile-ms?',
    'unknown flag --zzzzzzzz',
    'unknown argument alone',
    'unknown variable STRAIT_LISTEM; did you mean STRAIT_LISTEN?',
    'strait.yaml: unknown key hotall; did you mean hotAll?',
  ]);
});

test('values outside their bounds are errors that say where they came from', () => {
  const args = [
    ...ENOUGH,
    '--transfer-concurrency',
    '0',
    '--free-share-min=1.5',
    '--listen',
    '9000',
    '--drain-ms',
    '2 y',
  ];
  const found = problems(args, {
    env: { STRAIT_METADATA: 'mysql', STRAIT_HOT_ALL: 'yes' },
    yaml: 'reconcileMs: 1.5\n',
  });
  assert.deepEqual(found, [
    "--listen: must be HOST:PORT, such as 127.0.0.1:9000 (it is '9000')",
    "STRAIT_HOT_ALL: must be true or false (it is 'yes')",
    "STRAIT_METADATA: must be one of lmdb, memory, postgres (it is 'mysql')",
    "--free-share-min: must be at most 1 (it is '1.5')",
    "reconcileMs in strait.yaml: must be a whole number (it is '1.5')",
    "--transfer-concurrency: must be at least 1 objects (it is '0')",
    "--drain-ms: must be a number, alone or with one of ms, s, m, h, d (it is '2 y')",
  ]);
});

test('flags: = or a space, booleans alone or with a value, lists by repeating, nothing twice', () => {
  const config = read([...ENOUGH, '--cloud=http://127.0.0.1:9000', '--bucket', 'lake', '--bucket=b2', '--hot-all']);
  assert.deepEqual(config.bucket, ['lake', 'b2']);
  assert.equal(config.hotAll, true);
  assert.equal(read([...ENOUGH, '--hot-all=false']).hotAll, false);
  assert.deepEqual(read(ENOUGH, { env: { STRAIT_BUCKET: 'a, b' } }).bucket, ['a', 'b']);
  assert.deepEqual(problems([...ENOUGH, '--site', 'west']), ['--site is given twice; give it once']);
  assert.deepEqual(problems([...ENOUGH, '--listen']), ['--listen needs a value']);
});

test('durations and sizes take units; IPv6 addresses take brackets', () => {
  const yaml =
    'retireGraceMs: 2h\ntransferPartBytes: 16MiB\ncapacityBytes: 2TB\nfreeShareMin: 10%\nlisten: "[::1]:0"\n';
  const config = read(ENOUGH, { yaml });
  assert.equal(config.retireGraceMs, 7_200_000);
  assert.equal(config.transferPartBytes, 16 * 2 ** 20);
  assert.equal(config.capacityBytes, 2e12);
  assert.equal(config.freeShareMin, 0.1);
  assert.deepEqual(config.listen, { host: '::1', port: 0 });
});

test('policies and tables come from the file, in gs:// words', () => {
  const yaml = `
cloud: https://lake.example.com
policies:
  - { prefix: gs://lake/sales/, policy: keep }
  - { table: gs://lake/sales/clicks, policy: read-through }
  - { bucket: gs://lake, policy: metadata-only }
tables:
  - { prefix: gs://lake/t/, pathAliases: [data/persistent/t] }
`;
  const config = read(ENOUGH, { yaml });
  assert.deepEqual(config.policies, [
    { bucket: 'lake', prefix: 'sales/', policy: 'keep' },
    { bucket: 'lake', prefix: 'sales/clicks/', policy: 'read-through' },
    { bucket: 'lake', prefix: '', policy: 'metadata-only' },
  ]);
  assert.deepEqual(config.tables, [{ bucket: 'lake', prefix: 't/', pathAliases: ['data/persistent/t/'] }]);
  const wrong = (text: string) => problems(ENOUGH, { yaml: `policies:\n  - ${text}\n` })[0];
  assert.match(wrong('{ prefix: lake/x, policy: keep }') ?? '', /must be gs:\/\/BUCKET\/PREFIX, not 'lake\/x'/);
  assert.match(wrong('{ prefix: gs://lake/x, policy: keeep }') ?? '', /policy must be one of keep, read-through/);
  assert.match(
    wrong('{ prefix: gs://l/, table: gs://l/, policy: keep }') ?? '',
    /names one of bucket, prefix or table/,
  );
  assert.match(
    wrong('{ bucket: gs://l, policy: keep, extra: 1 }') ?? '',
    /an entry has bucket and policy, not 'extra'/,
  );
  assert.match(problems(ENOUGH, { yaml: 'policies: keep\n' })[0] ?? '', /must be a list of entries/);
  assert.match(problems(ENOUGH, { yaml: 'site: [\n' })[0] ?? '', /strait\.yaml: /);
  assert.match(problems(ENOUGH, { yaml: '- site\n' })[0] ?? '', /must hold keys and values/);
});

const CROSS: readonly (readonly [why: string, args: readonly string[], expected: RegExp | undefined])[] = [
  ['a site has a name', ['--data', 'here'], /give --site NAME/],
  ['a site name is a name', ['--site', 'http://127.0.0.1:9001', '--data', 'here'], /is not a site name/],
  ['stores need a folder', ['--site', 'east'], /give --data DIR/],
  ['memory needs none', ['--site', 'east', '--metadata', 'memory', '--blobs', 'memory'], undefined],
  ['off loopback is refused', [...ENOUGH, '--listen', '0.0.0.0:9000'], /identity is not checked yet.*--insecure-open/],
  ['unless accepted', [...ENOUGH, '--listen', '0.0.0.0:9000', '--insecure-open'], undefined],
  ['all of 127/8 is loopback', [...ENOUGH, '--listen', '127.1.2.3:9000'], undefined],
  ['a real cloud needs a hot policy', [...ENOUGH, '--cloud', 'https://lake.example.com'], /policy: keep.*--hot-all/],
  ['or --hot-all', [...ENOUGH, '--cloud', 'https://lake.example.com', '--hot-all'], undefined],
  ['GCS needs a project', [...ENOUGH, '--cloud', 'https://storage.googleapis.com', '--hot-all'], /give --project ID/],
  ['or buckets', [...ENOUGH, '--cloud', 'https://storage.googleapis.com', '--hot-all', '--bucket', 'b'], undefined],
  ['a loopback cloud does not', [...ENOUGH, '--cloud', 'http://localhost:9000'], undefined],
  ['a cloud speaks HTTP', [...ENOUGH, '--cloud', 'gs://lake'], /http or https URL/],
  ['a cloud URL holds no password', [...ENOUGH, '--cloud', 'http://a:b@localhost'], /--cloud-credentials/],
  ['cloud is the cloud', ['--site', 'cloud', '--data', 'x', '--cloud', 'http://localhost'], /another --site/],
  ['a stand-in has no cloud', [...ENOUGH, '--cloud', 'http://localhost', '--as-gcs', 'rough'], /leave out --cloud/],
  ['postgres needs a URL', [...ENOUGH, '--metadata', 'postgres'], /set STRAIT_METADATA_URL/],
  ['s3 needs four', [...ENOUGH, '--blobs', 's3', '--s3-bucket', 'b'], /set all four/],
  ['polls do not cross', [...ENOUGH, '--tail-poll-ms', '20s'], /raise --tail-poll-max-ms/],
  ['a part fits the buffer', [...ENOUGH, '--transfer-part-bytes', '128MiB'], /--transfer-buffer-bytes/],
  ['crashAt is for tests', [...ENOUGH, '--crash-at', 'metadata.before-commit:1'], /STRAIT_TEST_FAULTS=1/],
];
for (const [why, args, expected] of CROSS) {
  test(`cross-checks: ${why}`, () => {
    const found = problems(args);
    if (expected) assert.match(found.join('\n'), expected);
    else assert.deepEqual(found, []);
  });
}

test('crashAt names a point and a count, in fault tests only', () => {
  const env = { STRAIT_TEST_FAULTS: '1' };
  const config = read([...ENOUGH, '--crash-at', 'sync.before-publish:3'], { env });
  assert.deepEqual(config.crashAt, { point: 'sync.before-publish', count: 3 });
  assert.match(problems([...ENOUGH, '--crash-at', 'sync.nowhere:1'], { env })[0] ?? '', /not a crash point/);
  assert.match(problems([...ENOUGH, '--crash-at', 'sync.before-publish:0'], { env })[0] ?? '', /not a crash point/);
});

test('credentials default to none on loopback, else to adc', () => {
  const of = (...args: string[]) => read([...ENOUGH, '--hot-all', ...args]).cloud?.credentials;
  assert.equal(of('--cloud', 'http://[::1]:9000'), 'none');
  assert.equal(of('--cloud', 'https://lake.example.com'), 'adc');
  assert.equal(of('--cloud', 'https://lake.example.com', '--cloud-credentials', 'key.json'), 'key.json');
});

test('the result cannot be changed, deep down', () => {
  const config = read([...ENOUGH, '--bucket', 'lake', '--cloud', 'http://localhost:1']);
  for (const part of [config, config.listen, config.bucket, config.cloud]) assert.ok(Object.isFrozen(part));
});

test('the print-out is a configuration file that says the same, secrets hidden', () => {
  const args = [...ENOUGH, '--cloud', 'http://localhost:1', '--metadata', 'postgres', '--bucket', 'lake'];
  const config = read(args, { env: { STRAIT_METADATA_URL: 'postgres://user:hunter2@db/strait' } });
  const text = printServeConfig(config);
  assert.ok(!text.includes('hunter2'));
  assert.match(text, /^metadataUrl: \(hidden\)$/m);
  const again = read([], { yaml: text });
  assert.equal(printServeConfig(again), text);
});

test('a secret with a wrong value is not repeated in the message', () => {
  const found = problems([...ENOUGH, '--blobs', 's3', '--s3-secret-access-key=']);
  assert.match(found[0] ?? '', /must be a text that is not empty$/);
});
