/**
 * Plants one violation of each kind in a small clean tree and sees it, and nothing else, rejected. A rule without a
 * planting here is a rule that may have stopped working.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDeadFiles } from './check-graph.ts';
import { checkTree } from './check-tree.ts';
import { isUnder } from './match-path.ts';
import { parseSource } from './source-file.ts';

const CLEAN: Readonly<Record<string, string>> = {
  'src/model/ids.ts': "export type Name = string;\nexport const EMPTY = '';\n",
  'src/stores/metadata/port.ts':
    "import type { Name } from '../../model/ids.ts';\nexport interface Store { name: Name }\n",
  'src/stores/metadata/memory/memory-store.ts':
    "import type { Store } from '../port.ts';\nexport const store: Store = { name: '' };\n",
  'src/stores/metadata/lmdb/lmdb-store.ts': "import { open } from 'lmdb';\nexport const lmdb = open;\n",
  'src/remotes/port.ts': 'export interface Remote { list(): void }\n',
  'src/remotes/gcs/gcs-remote.ts': "import { Pool } from 'undici';\nexport const pool = Pool;\n",
  'src/runtime/clock.ts': 'export const systemClock = { nowMs: () => Date.now() };\n',
  'src/runtime/config/load-config.ts': 'export const seen = (name: string) => process.env[name];\n',
  'src/namespace/rules/decide.ts': "import { EMPTY } from '../../model/ids.ts';\nexport const decide = () => EMPTY;\n",
  'src/namespace/insert.ts':
    "import { decide } from './rules/decide.ts';\nimport type { Store } from '../stores/metadata/port.ts';\n" +
    'export const insert = (_store: Store) => decide();\n',
  'src/tables/port.ts': 'export interface Table { prefix: string }\n',
  'src/tables/delta/read.ts':
    "import type { Table } from '../port.ts';\nexport const read = (table: Table) => table;\n",
  'src/sync/plan.ts': "import type { Table } from '../tables/port.ts';\nexport const plan = (table: Table) => table;\n",
  'src/dialects/shared/http.ts': "import { createServer } from 'node:http';\nexport const serve = createServer;\n",
  'src/dialects/gcs-json/server.ts':
    "import { insert } from '../../namespace/insert.ts';\nimport { serve } from '../shared/http.ts';\n" +
    'export const routes = [insert, serve];\n',
  'src/apps/cli/main.ts': "console.log(await import('../serve.ts'));\nprocess.exit(0);\n",
  'src/apps/serve.ts': "import { routes } from '../dialects/gcs-json/server.ts';\nexport const app = routes;\n",
  'test/contracts/store.test.ts':
    "import { store } from '../../src/stores/metadata/memory/memory-store.ts';\nsetTimeout(() => store, 1);\n",
  'README.md': 'Run `./bin/strait help`.\n',
};

/** What `planted` brings up in the clean tree. Most of it is reachable from nowhere: dead files have their own test. */
function findings(planted: Readonly<Record<string, string>>): readonly string[] {
  return checkTree(new Map(Object.entries({ ...CLEAN, ...planted })))
    .filter(({ rule }) => rule !== 'dead-files')
    .map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`);
}

function rejects(planted: Readonly<Record<string, string>>, expected: RegExp): void {
  const found = findings(planted);
  assert.equal(found.length, 1, `one finding, not ${JSON.stringify(found)}`);
  assert.match(found[0] ?? '', expected);
}

test('the clean tree has no violation', () => {
  assert.deepEqual(findings({}), []);
});

const IMPORTS: readonly (readonly [why: string, file: string, text: string, expected: RegExp])[] = [
  ['model imports nothing', 'src/model/x.ts', "import '../runtime/clock.ts';", /src\/model may not import/],
  ['model imports no package', 'src/model/x.ts', "import { join } from 'node:path';", /pure folders import no package/],
  ['rules see no runtime', 'src/sync/rules/x.ts', "import '../../runtime/clock.ts';", /rules may not import/],
  [
    'rules see no port',
    'src/sync/rules/x.ts',
    "import type { Remote } from '../../remotes/port.ts';",
    /may not import/,
  ],
  ['rules do no I/O', 'src/sync/rules/x.ts', "import { open } from 'node:fs/promises';", /pure folders import no/],
  ['a port sees model only', 'src/remotes/port.ts', "import '../runtime/clock.ts';", /src\/remotes\/port\.ts may not/],
  ['domain: no adapter', 'src/namespace/x.ts', "import '../stores/metadata/lmdb/lmdb-store.ts';", /may not import/],
  ['domain: no dialect', 'src/sync/x.ts', "import { serve } from '../dialects/shared/http.ts';", /may not import/],
  ['domain: no HTTP', 'src/namespace/x.ts', "import { request } from 'node:http';", /'node:http' may be imported only/],
  ['domain: against the arrows', 'src/namespace/x.ts', "import '../sync/plan.ts';", /src\/namespace may not import/],
  ['domain: no configuration', 'src/sync/x.ts', "import { seen } from '../runtime/config/load-config.ts';", /may not/],
  ['sync sees the port, not a format', 'src/sync/x.ts', "import { read } from '../tables/delta/read.ts';", /may not/],
  ['no sibling adapter', 'src/stores/metadata/lmdb/x.ts', "import '../memory/memory-store.ts';", /may not import/],
  ['no sibling remote', 'src/remotes/peer/x.ts', "import '../gcs/gcs-remote.ts';", /may not import/],
  ['no sibling dialect', 'src/dialects/admin/x.ts', "import '../gcs-json/server.ts';", /may not import/],
  ['no sibling format', 'src/tables/hudi/x.ts', "import '../delta/read.ts';", /may not import/],
  ['dialects see services, not ports', 'src/dialects/admin/x.ts', "import '../../stores/metadata/port.ts';", /may not/],
  ['runtime sees model only', 'src/runtime/x.ts', "import '../namespace/insert.ts';", /src\/runtime may not import/],
  ['apps leave decisions alone', 'src/apps/x.ts', "import '../namespace/rules/decide.ts';", /apps may not import/],
  ['src sees no test code', 'src/apps/x.ts', "import '../../test/contracts/store.test.ts';", /may not import/],
  ['bench sees no test suites', 'bench/x.ts', "import '../test/contracts/store.test.ts';", /bench may not import/],
  ['type imports count', 'src/model/x.ts', "import type { Remote } from '../remotes/port.ts';", /may not import/],
  ['type queries count', 'src/model/x.ts', "export type R = import('../remotes/port.ts').Remote;", /may not import/],
  ['dynamic imports count', 'src/model/x.ts', "export const r = () => import('../remotes/port.ts');", /may not import/],
  ['re-exports count', 'src/model/x.ts', "export * from '../remotes/port.ts';\nexport const x = 1;", /may not import/],
  ['workers count', 'src/model/x.ts', "export const w = new URL('../runtime/clock.ts', import.meta.url);", /may not/],
  ['.ts is written out', 'src/model/x.ts', "import './ids';", /must end in \.ts/],
  ['targets exist', 'src/model/x.ts', "import './gone.ts';", /is not there/],
  [
    'every folder has a row',
    'src/extra/x.ts',
    'export const x = 1;\nimport "./y.ts";',
    /no row of the folder table|not there/,
  ],
  ['builtins are written node:', 'src/apps/x.ts', "import { join } from 'path';", /must be written 'node:path'/],
];
for (const [why, file, text, expected] of IMPORTS) {
  test(`imports: ${why}`, () => {
    const own = file in CLEAN ? { [file]: `${CLEAN[file]}${text}\n` } : { [file]: `${text}\n` };
    rejects(own, expected);
  });
}

const PACKAGES: readonly (readonly [file: string, name: string])[] = [
  ['src/stores/metadata/memory/x.ts', 'lmdb'],
  ['src/stores/metadata/lmdb/x.ts', 'postgres'],
  ['src/dialects/gcs-json/x.ts', 'undici'],
  ['src/sync/x.ts', 'undici'],
  ['src/stores/blobs/files/x.ts', 'undici'],
  ['src/remotes/gcs/x.ts', 'node:http'],
  ['src/apps/x.ts', '@google-cloud/storage'],
  ['src/apps/x.ts', '@duckdb/node-api'],
  ['src/apps/x.ts', 'google-auth-library'],
  ['src/sync/x.ts', 'avsc'],
  ['src/sync/x.ts', 'hyparquet'],
  ['src/sync/x.ts', 'hyparquet-compressors'],
  ['src/apps/x.ts', 'yaml'],
  ['src/namespace/x.ts', 'node:fs'],
  ['src/sync/x.ts', 'node:fs/promises'],
  ['src/namespace/x.ts', 'node:child_process'],
  ['src/apps/x.ts', 'node:test'],
  ['src/apps/x.ts', 'left-pad'],
];
for (const [file, name] of PACKAGES) {
  test(`packages: ${name} has no place in ${file}`, () => {
    rejects(
      { [file]: `import * as it from '${name}';\nexport const x = it;\n` },
      /may be imported only|no row of the package/,
    );
  });
}

const BANNED: readonly (readonly [text: string, expected: RegExp])[] = [
  ['export const x = () => Date.now();', /Date\.now: use the injected Clock/],
  ['export const x = () => globalThis.Date.now();', /Date\.now: use the injected Clock/],
  ['export const x = () => new Date();', /Date: use the injected Clock/],
  ['export const x = () => performance.now();', /performance\.now/],
  ['export const x = () => process.hrtime();', /process\.hrtime/],
  ['export const x = () => AbortSignal.timeout(5);', /AbortSignal\.timeout/],
  ['export const x = () => setTimeout(() => {}, 5);', /setTimeout/],
  ['export const x = () => globalThis.setTimeout(() => {}, 5);', /setTimeout/],
  ['export const x = [setInterval];', /setInterval/],
  ["import { scheduler as wait } from 'node:timers/promises';\nexport const x = wait;", /node:timers\/promises/],
  ['export const x = () => Math.random();', /Math\.random/],
  ['export const x = () => crypto.randomUUID();', /randomUUID/],
  ["import { randomBytes as r } from 'node:crypto';\nexport const x = r;", /randomBytes/],
  ['export const x = () => crypto.getRandomValues(new Uint8Array(1));', /getRandomValues/],
  ["import { systemClock as c } from '../runtime/clock.ts';\nexport const x = c;", /systemClock/],
  ['export const x = process.env;', /process\.env: use a setting/],
  ["export const x = process['env'];", /process\.env: use a setting/],
  ['const { env } = process;\nexport const x = env;', /process\.env: use a setting/],
  ["import { env as x } from 'node:process';\nexport const y = x;", /node:process/],
  ['export const x = () => process.exit(1);', /process\.exit/],
  ["export const x = () => console.log('');", /console: use the injected Logger/],
  ['export const x = (y: any) => y;', /`any`/],
  ['export const x = (y?: string) => y!;', /non-null/],
  ['export enum X { One }', /`enum`/],
  ['export default 1;', /default export/],
  ["export * from './insert.ts';\nexport { decide } from './rules/decide.ts';", /barrel/],
  [`export const x = 1; // ${'FIX'}ME later`, /leftover FIXME/],
  [`export const x = 1; // ${'TO'}DO later`, /TODO without an issue/],
  ['export const x = (;', /does not parse/],
];
for (const [text, expected] of BANNED) {
  test(`bans: ${text.split('\n')[0]}`, () => {
    rejects({ 'src/namespace/x.ts': `${text}\n` }, expected);
  });
}

test('bans: what only looks like a banned name is left alone', () => {
  const text = [
    'export interface Timer { setTimeout(ms: number): void }',
    "export const a = 'Date.now() Math.random() process.env console.log';",
    'export const b = (timer: Timer) => timer.setTimeout(5); // Date.now',
    'export const c = new Date(0);',
    'export const d = /setTimeout|any/;',
    'const console = { log: () => {} };',
    'export const e = console.log;',
  ];
  assert.deepEqual(findings({ 'src/namespace/x.ts': `${text.join('\n')}\n` }), []);
});

test('bans: leftover .only, and any, ! and default exports in tests and tools too', () => {
  rejects({ 'test/faults/x.test.ts': "import { test } from 'node:test';\ntest.only('x', () => {});\n" }, /leftover/);
  rejects(
    { 'src/model/x.test.ts': "import { test } from 'node:test';\ntest('x', { only: true }, () => {});\n" },
    /left/,
  );
  rejects({ 'tools/x.ts': 'export const x = (y: any) => y;\n' }, /`any`/);
  rejects({ 'bench/x.ts': 'export const x = (y?: string) => y!;\n' }, /non-null/);
  rejects({ 'test/support/x.ts': 'export default 1;\n' }, /default export/);
});

test('bans: index.ts is a barrel whatever it holds', () => {
  rejects({ 'src/model/index.ts': 'export const x = 1;\n' }, /barrel/);
});

const statements = (count: number) => '  void 0;\n'.repeat(count);

test('sizes: file, function, parameters, line', () => {
  rejects({ 'src/model/x.ts': `export const x = 1;\n${'\n'.repeat(600)}` }, /601 lines, at most 600/);
  rejects({ 'src/model/x.ts': `export function x() {\n${statements(69)}}\n` }, /function x has 71 lines/);
  rejects({ 'tools/x.ts': `export const x = () => {\n${statements(69)}};\n` }, /function x has 71 lines/);
  rejects({ 'src/model/x.ts': `export class X {\n  y() {\n${statements(69)}}\n}\n` }, /function y has 71 lines/);
  rejects(
    { 'test/x.ts': 'export const x = (...[a]: unknown[]) => (b: 1, c: 1, d: 1, e: 1, f: 1) => a;\n' },
    /5 parameters/,
  );
  rejects({ 'bench/x.ts': `export const x = '${'x'.repeat(110)}';\n` }, /columns, at most 120/);
  assert.deepEqual(findings({ 'src/model/x.ts': `export function x() {\n${statements(68)}}\n` }), []);
});

test('sizes: a suite is a list of tests, bounded by its file', () => {
  const cases = "  test('y', () => {});\n".repeat(80);
  assert.deepEqual(
    findings({ 'test/contracts/x.ts': `import { test } from 'node:test';\nexport function x() {\n${cases}}\n` }),
    [],
  );
});

test('sizes: file names are kebab-case and say something', () => {
  rejects({ 'src/model/byteRange.ts': 'export const x = 1;\n' }, /kebab-case/);
  rejects({ 'src/model/utils.ts': 'export const x = 1;\n' }, /says nothing/);
  rejects({ 'src/namespace/helpers/x.ts': 'export const x = 1;\n' }, /says nothing/);
});

test('cycles: value imports, dynamic ones included; type imports may go in circles', () => {
  const pair = (there: string, back: string) => ({ 'src/model/a.ts': `${there}\n`, 'src/model/b.ts': `${back}\n` });
  const a = 'export const a = 1;';
  rejects(pair(`import './b.ts';\n${a}`, "import './a.ts';"), /cycle: src\/model\/a\.ts → src\/model\/b\.ts → src/);
  rejects(pair(`import './b.ts';\n${a}`, "export const b = () => import('./a.ts');"), /cycle/);
  rejects({ 'src/model/a.ts': "import './a.ts';\n" }, /cycle/);
  assert.deepEqual(
    findings(pair(`import './b.ts';\n${a}`, "import type { A } from './a.ts';\nexport type B = A;")),
    [],
  );
});

test('dead files: a source file that no entry point reaches', () => {
  const files = Object.entries({ ...CLEAN, 'src/model/forgotten.ts': 'export const x = 1;\n' });
  const dead = checkDeadFiles(
    files.map(([path, text]) => parseSource(path, text)),
    ['src/stores/metadata/lmdb', 'src/remotes/gcs', 'src/remotes/port.ts', 'src/sync', 'src/tables', 'src/runtime'],
  );
  assert.deepEqual(
    dead.map(({ file }) => file),
    ['src/model/forgotten.ts'],
  );
});

test('text: machine paths and registry hosts, in any tracked file', () => {
  const host = ['registry', 'npmjs', 'org'].join('.');
  rejects({ 'docs/x.md': `see ${['', 'home', 'me', 'strait'].join('/')}\n` }, /absolute path/);
  rejects({ 'package-lock.json': `{"resolved": "https://${host}/x/-/x.tgz"}\n` }, /package registry/);
  rejects({ 'src/model/x.ts': `export const x = '${['', 'work', 'x'].join('/')}';\n` }, /absolute path/);
  assert.deepEqual(findings({ 'docs/x.md': 'https://example.com/home/me and gs://lake/work/x\n' }), []);
});

const LAW_TABLE = Array.from({ length: 11 }, (_, index) => `| ${index + 1} | a law | not yet: later |`).join('\n');

test('documents: links, paths, commands and scripts are there', () => {
  const scripts = '{"scripts":{"check":"x","test":"x"}}';
  const table = "export const COMMANDS = [\n  {\n    name: 'serve',\n  },\n];\n";
  const settings = "export const SETTINGS = [{ key: 'hotAll' }];\n";
  const base = {
    'package.json': scripts,
    'src/apps/cli/commands.ts': table,
    'src/runtime/config/schema.ts': settings,
  };
  const doc = (text: string) => ({ ...base, 'docs/x.md': `${text}\n` });
  assert.deepEqual(
    findings(doc('[a](../README.md) [b](https://e.x/y) `strait serve` `npm test` `npm run -s check`')),
    [],
  );
  assert.deepEqual(findings(doc('a strait line of water; strait laced')), []);
  rejects(doc('[a](../GONE.md)'), /links to \.\.\/GONE\.md, which is not there/);
  rejects(doc('run `strait sevre`'), /strait sevre, which does not exist/);
  rejects(doc('```sh\n./bin/strait sevre --json\n```'), /strait sevre, which does not exist/);
  assert.deepEqual(findings(doc('```sh\n./bin/strait serve --hot-all --json & # --not-a-flag\n```')), []);
  rejects(doc('run `strait serve --hot-al`'), /the flag --hot-al, which does not exist/);
  rejects(doc('run `npm run chekc`'), /npm run chekc, which does not exist/);
  rejects(doc('run `npm start`'), /npm run start, which does not exist/);
  rejects({ ...base, 'ARCHITECTURE.md': `${LAW_TABLE}\n\`src/gone/\`\n` }, /names src\/gone\/, which is not there/);
});

test('documents: each law has a test that is there, or says "not yet"', () => {
  const base = { 'package.json': '{}' };
  const law = (row: string) => ({
    ...base,
    'ARCHITECTURE.md': `${LAW_TABLE.replace('| 3 | a law | not yet: later |', row)}\n`,
  });
  assert.deepEqual(findings(law('| 3 | a law | `test/contracts/store.test.ts` |')), []);
  rejects(law('| 3 | a law | surely |'), /law 3 names no test/);
  rejects(law(''), /law 3 names no test/);
  assert.match(findings(law('| 3 | a law | `test/contracts/gone.test.ts` |')).join(), /law 3 names no test/);
});

test('patterns: a star is one folder, or part of one name', () => {
  assert.ok(isUnder('src/sync/rules/plan.ts', 'src/*/rules'));
  assert.ok(isUnder('src/stores/metadata/port.ts', 'src/stores/*/*.ts'));
  assert.ok(!isUnder('src/stores/metadata/lmdb/store.ts', 'src/stores/*/*.ts'));
  assert.ok(!isUnder('src/tables/port.ts', 'src/tables/*'));
  assert.ok(!isUnder('src/modelling/x.ts', 'src/model'));
});
