/**
 * The architecture as one table. `tools/tidy` holds every file to it: who may import whom, which package belongs
 * where, what is banned and what to say instead, and how large things may grow. ARCHITECTURE.md explains it.
 */

/** Folders match by path prefix; `*` stands for one path segment. The longest matching row decides. */
export interface FolderRule {
  readonly folder: string;
  readonly mayImport: readonly string[];
}

/** The runtime's interfaces: what code outside `apps` may know of the machine it runs on. */
const RUNTIME = [
  'src/runtime/clock.ts',
  'src/runtime/deadline.ts',
  'src/runtime/crash-points.ts',
  'src/runtime/lifecycle.ts',
  'src/runtime/logger.ts',
  'src/runtime/metrics.ts',
  'src/runtime/concurrency.ts',
  'src/runtime/random.ts',
  'src/runtime/sealed-box.ts',
];
const PORTS = [
  'src/stores/metadata/port.ts',
  'src/stores/blobs/port.ts',
  'src/stores/leases/port.ts',
  'src/remotes/port.ts',
  'src/tables/port.ts',
];
const RULES = ['src/*/rules'];
/** What a domain folder may always see; each adds itself and the neighbours below it in the picture of design §4. */
const DOMAIN = ['src/model', ...RULES, ...PORTS, ...RUNTIME];

export const FOLDER_RULES: readonly FolderRule[] = [
  { folder: 'src/model', mayImport: ['src/model'] },
  { folder: 'src/*/rules', mayImport: ['src/model', ...RULES] },
  { folder: 'src/namespace', mayImport: [...DOMAIN, 'src/namespace', 'src/sites'] },
  { folder: 'src/tables', mayImport: ['src/model', ...RULES, 'src/tables/*.ts', ...RUNTIME] },
  { folder: 'src/tables/*', mayImport: ['src/model', ...RULES, 'src/tables/*.ts', 'src/tables/shared', ...RUNTIME] },
  { folder: 'src/sync', mayImport: [...DOMAIN, 'src/sync', 'src/namespace', 'src/sites'] },
  { folder: 'src/sites', mayImport: [...DOMAIN, 'src/sites'] },
  { folder: 'src/catalog', mayImport: [...DOMAIN, 'src/catalog', 'src/namespace'] },
  { folder: 'src/tenancy', mayImport: [...DOMAIN, 'src/tenancy'] },
  { folder: 'src/stores/*', mayImport: ['src/model', 'src/stores/*/*.ts', ...RUNTIME] },
  { folder: 'src/stores/*/*', mayImport: ['src/model', ...RULES, 'src/stores/*/*.ts', ...RUNTIME] },
  { folder: 'src/stores/*/port.ts', mayImport: ['src/model'] },
  { folder: 'src/remotes', mayImport: ['src/model', 'src/remotes/*.ts', ...RUNTIME] },
  { folder: 'src/remotes/*', mayImport: ['src/model', ...RULES, 'src/remotes/*.ts', ...RUNTIME] },
  { folder: 'src/remotes/port.ts', mayImport: ['src/model'] },
  { folder: 'src/tables/port.ts', mayImport: ['src/model'] },
  {
    folder: 'src/dialects/*',
    mayImport: [
      'src/model',
      'src/namespace',
      'src/catalog',
      'src/sync',
      'src/sites',
      'src/tenancy',
      'src/dialects/shared',
      ...RUNTIME,
    ],
  },
  { folder: 'src/dialects/shared', mayImport: ['src/model', 'src/dialects/shared', ...RUNTIME] },
  { folder: 'src/runtime', mayImport: ['src/model', 'src/runtime'] },
  {
    folder: 'src/apps',
    mayImport: [
      'src/model',
      'src/namespace',
      'src/tables',
      'src/sync',
      'src/sites',
      'src/catalog',
      'src/tenancy',
      'src/stores',
      'src/remotes',
      'src/dialects',
      'src/runtime',
      'src/apps',
    ],
  },
  { folder: 'test', mayImport: ['src', 'test', 'tools'] },
  { folder: 'bench', mayImport: ['src', 'test/support', 'bench', 'tools'] },
  { folder: 'tools', mayImport: ['src', 'test/support', 'test/differential', 'tools'] },
];

/** `apps` composes domain folders, but decisions are taken by them alone. */
export const NEVER_IMPORTED_BY: readonly { readonly importer: string; readonly target: string }[] = [
  { importer: 'src/apps', target: 'src/*/rules' },
];

/** Unit tests beside the code may build their subject from the in-memory adapters and the test builders. */
export const UNIT_TESTS_MAY_IMPORT = [
  'src/stores/*/memory',
  'src/runtime',
  'src/namespace',
  'src/model',
  'test/support',
];

/** Where a package may be imported under `src`. A package without a row may not be imported there at all. */
export const PACKAGE_RULES: Readonly<Record<string, readonly string[]>> = {
  lmdb: ['src/stores/metadata/lmdb'],
  postgres: ['src/stores/metadata/postgres'],
  undici: ['src/remotes', 'src/stores/blobs/s3', 'src/apps'],
  'google-auth-library': ['src/remotes/gcs'],
  '@google-cloud/storage': ['src/apps/demo'],
  '@duckdb/node-api': ['src/apps/demo'],
  avsc: ['src/tables', 'src/apps/demo'],
  hyparquet: ['src/tables', 'src/apps/demo'],
  'hyparquet-writer': ['src/apps/demo'],
  'hyparquet-compressors': ['src/tables', 'src/apps/demo'],
  '@node-rs/crc32': [
    'src/namespace',
    'src/sync',
    'src/stores',
    'src/remotes',
    'src/dialects',
    'src/apps',
    'src/tables',
  ],
  'fs-native-extensions': ['src/stores/blobs/files'],
  'hash-wasm': ['src/namespace', 'src/stores', 'src/dialects'],
  msgpackr: ['src/namespace', 'src/sync', 'src/stores'],
  yaml: ['src/runtime/config'],
  'node:http': ['src/dialects', 'src/apps'],
  'node:https': ['src/dialects', 'src/apps'],
  'node:http2': ['src/dialects', 'src/apps'],
  'node:net': ['src/dialects', 'src/apps'],
  'node:tls': ['src/dialects', 'src/apps'],
  'node:dns': ['src/remotes'],
  'node:fs': ['src/stores', 'src/runtime/config', 'src/apps'],
  'node:fs/promises': ['src/stores', 'src/runtime/config', 'src/apps'],
  'node:os': ['src/stores', 'src/apps'],
  'node:child_process': ['src/apps'],
  'node:worker_threads': ['src/apps', 'src/stores', 'src/runtime'],
  'node:readline': ['src/apps'],
  'node:test': [],
};

/** Node's own modules that compute and wait for nothing: open to everyone, `rules` and `model` included. */
export const PURE_BUILTINS = ['node:assert', 'node:assert/strict', 'node:buffer'];
/** Folders that see no other Node module at all. */
export const PURE_FOLDERS = ['src/model', 'src/*/rules'];

/** A name or call that is banned in `src` outside `allowedIn`, and what stands in for it. */
export interface Ban {
  /**
   * `member`: `object.property`; `bareNew`: `new Name()` without arguments; `global`: the global of that name, called
   * or passed on; `name`: that identifier anywhere; `import`: that module.
   */
  readonly kind: 'member' | 'bareNew' | 'global' | 'name' | 'import';
  readonly pattern: string;
  readonly allowedIn: readonly string[];
  readonly instead: string;
}

const CLOCK = { allowedIn: ['src/runtime'], instead: 'the injected Clock' };
const RANDOM = { allowedIn: ['src/runtime'], instead: 'the injected Random' };
const APPS_ONLY = { allowedIn: ['src/apps'] };

export const BANS: readonly Ban[] = [
  { kind: 'member', pattern: 'Date.now', ...CLOCK },
  { kind: 'bareNew', pattern: 'Date', ...CLOCK },
  { kind: 'member', pattern: 'performance.now', ...CLOCK },
  { kind: 'member', pattern: 'process.hrtime', ...CLOCK },
  { kind: 'member', pattern: 'AbortSignal.timeout', ...CLOCK, instead: 'withDeadline of runtime/deadline.ts' },
  { kind: 'global', pattern: 'setTimeout', ...CLOCK },
  { kind: 'global', pattern: 'setInterval', ...CLOCK },
  { kind: 'import', pattern: 'node:timers', ...CLOCK },
  { kind: 'import', pattern: 'node:timers/promises', ...CLOCK },
  { kind: 'member', pattern: 'Math.random', ...RANDOM },
  { kind: 'name', pattern: 'randomUUID', ...RANDOM },
  { kind: 'name', pattern: 'randomBytes', ...RANDOM },
  { kind: 'name', pattern: 'getRandomValues', ...RANDOM },
  {
    kind: 'name',
    pattern: 'systemClock',
    allowedIn: ['src/runtime', 'src/apps'],
    instead: 'the injected Clock; only apps choose the real one',
  },
  {
    kind: 'name',
    pattern: 'systemRandom',
    allowedIn: ['src/runtime', 'src/apps'],
    instead: 'the injected Random; only apps choose the real one',
  },
  {
    kind: 'member',
    pattern: 'process.env',
    allowedIn: ['src/runtime/config'],
    instead: 'a setting in src/runtime/config/schema.ts',
  },
  {
    kind: 'import',
    pattern: 'node:process',
    allowedIn: [],
    instead: 'the global `process`, whose members the ban list knows',
  },
  { kind: 'member', pattern: 'process.exit', ...APPS_ONLY, instead: 'a returned exit code' },
  { kind: 'global', pattern: 'console', ...APPS_ONLY, instead: 'the injected Logger' },
];

export const BUDGETS = { fileLines: 600, functionLines: 70, parameters: 4, lineColumns: 120 } as const;

/** Words that say nothing about what a file holds. */
export const EMPTY_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'manager', 'misc'];

/** Files that processes start from; everything under `src` must be reachable from one of them. */
export const ENTRY_POINTS = ['src/apps/cli/main.ts'];

/** Adapters that stand in for real ones in tests: nobody serves from them, the contract suites and simulations do. */
export const TEST_ADAPTERS = ['src/remotes/memory', 'src/stores/*/memory'];

/** Folders whose callers have not landed yet: their files may wait unimported. */
export const AWAITING_CALLERS: readonly string[] = ['src/apps/demo/generate', 'src/stores/leases'];

/** How many laws ARCHITECTURE.md has. */
export const LAWS = 11;

/** Tracked data that is kept byte for byte as its writers made it. */
export const DATA_FOLDERS = ['demo/tables'];

/** Text no tracked file may contain. Written in parts, so that this file does not contain it either. */
export const FORBIDDEN_TEXT: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /(?<![\w.:/-])\/(?:work|home|root|Users)\/[\w.-]+/, what: 'an absolute path of one machine' },
  { pattern: /[A-Z]:\\Users\\/, what: 'an absolute path of one machine' },
  {
    pattern: /\b(?:registry\.(?:npmjs|yarnpkg)|npm\.pkg\.github|pythonhosted|pypi|proxy\.golang|index\.crates)\.\w+/,
    what: 'the host of a package registry',
  },
];
