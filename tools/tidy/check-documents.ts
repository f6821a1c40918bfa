import { posix } from 'node:path';
import { flagOf } from '../../src/runtime/config/setting.ts';
import { isUnderAny } from './match-path.ts';
import { DATA_FOLDERS, LAWS } from './rules.ts';
import type { Violation } from './violation.ts';

type Files = ReadonlyMap<string, string>;

/** Documents that promise something of the tree: what they name must be there. */
export function checkDocuments(files: Files): readonly Violation[] {
  const tree = new Tree(files);
  const documents = [...files].filter(([path]) => path.endsWith('.md') && !isUnderAny(path, DATA_FOLDERS));
  const laws = files.get('ARCHITECTURE.md');
  return [
    ...documents.flatMap(([path, text]) => checkLinks(path, text, tree)),
    ...documents.flatMap(([path, text]) => checkCommands(path, text, commandsOf(files))),
    ...['ARCHITECTURE.md', 'docs/requirements.md'].flatMap((path) => checkPaths(path, files.get(path) ?? '', tree)),
    ...(laws === undefined ? [] : checkLaws(laws, tree)),
  ];
}

/** Files, and the folders they make. */
class Tree {
  readonly #paths = new Set<string>();

  constructor(files: Files) {
    for (const path of files.keys()) {
      const parts = path.split('/');
      for (let length = 1; length <= parts.length; length += 1) this.#paths.add(parts.slice(0, length).join('/'));
    }
  }

  has(path: string): boolean {
    const bare = path.replace(/\/$/, '');
    if (!bare.includes('*')) return this.#paths.has(bare);
    const pattern = new RegExp(`^${bare.replaceAll('.', '\\.').replaceAll('**', '.+').replaceAll('*', '[^/]+')}$`);
    return [...this.#paths].some((known) => pattern.test(known));
  }
}

/** Links within the repository lead somewhere. */
function checkLinks(file: string, text: string, tree: Tree): readonly Violation[] {
  return eachLine(file, text, (line) =>
    [...line.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      const [path = ''] = target.split('#');
      if (path === '' || /^[a-z]+:/.test(path)) return [];
      return tree.has(posix.join(posix.dirname(file), path)) ? [] : [`links to ${target}, which is not there`];
    }),
  );
}

/** Paths in inline code are real. */
function checkPaths(file: string, text: string, tree: Tree): readonly Violation[] {
  return eachLine(file, text, (line) => missingPaths(line, tree).map((path) => `names ${path}, which is not there`));
}

function pathsIn(line: string): readonly string[] {
  return [...line.matchAll(/`((?:src|test|tools|docs|bench|demo|bin)\/[^`\s]*)`/g)].map(([, path = '']) => path);
}

function missingPaths(line: string, tree: Tree): readonly string[] {
  return pathsIn(line).filter((path) => !tree.has(path));
}

/** Each law has a row that names a test which is there, or says "not yet". */
function checkLaws(text: string, tree: Tree): readonly Violation[] {
  const rows = text.split('\n').map((line) => /^\| *(\d+) *\|/.exec(line));
  return Array.from({ length: LAWS }, (_, index) => index + 1).flatMap((law) => {
    const at = rows.findIndex((row) => Number(row?.[1]) === law);
    const line = text.split('\n')[at] ?? '';
    const named = pathsIn(line).filter((path) => /(?:^test\/|\.test\.ts$)/.test(path) && tree.has(path));
    if (at !== -1 && (named.length > 0 || /\bnot yet\b/.test(line))) return [];
    return [violation('ARCHITECTURE.md', at + 1, `law ${law} names no test and does not say "not yet"`)];
  });
}

interface Commands {
  readonly strait: ReadonlySet<string>;
  readonly flags: ReadonlySet<string>;
  readonly scripts: ReadonlySet<string>;
}

/** Where settings are declared, and the options that every command has. */
const SETTING_TABLES = ['src/runtime/config/schema.ts', 'src/apps/cli/settings.ts'];
const COMMON_FLAGS = ['--help', '--json'];

function commandsOf(files: Files): Commands {
  const table = files.get('src/apps/cli/commands.ts') ?? '';
  const { scripts = {} }: { scripts?: Record<string, string> } = JSON.parse(files.get('package.json') ?? '{}');
  const names = [...table.matchAll(/^ {4}name: '([a-z-]+)',$/gm)].map(([, name = '']) => name);
  const keys = SETTING_TABLES.flatMap((path) => [...(files.get(path) ?? '').matchAll(/\bkey: '([A-Za-z0-9]+)'/g)]);
  return {
    strait: new Set([...names, 'help']),
    flags: new Set([...COMMON_FLAGS, ...keys.map(([, key = '']) => flagOf(key))]),
    scripts: new Set(Object.keys(scripts)),
  };
}

/** Commands and flags in inline code and in shell blocks exist: `strait status --json`, `npm run check`. */
function checkCommands(file: string, text: string, { strait, flags, scripts }: Commands): readonly Violation[] {
  let isShell = false;
  return eachLine(file, text, (line) => {
    if (line.startsWith('```')) isShell = /^```(?:sh|bash|console)/.test(line);
    const codes = isShell ? [line] : [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
    return codes.flatMap((code) => [
      ...[...code.matchAll(/(?:^|[\s(;&|])(?:\.\/bin\/)?strait ([a-z][a-z-]*)/g)]
        .filter(([, name = '']) => !strait.has(name))
        .map(([, name]) => `names the command strait ${name}, which does not exist`),
      ...[...code.matchAll(/(?:^|[\s(;&|])(?:(?:\.\/bin\/)?strait|npm start --) [^|;&#]*/g)]
        .flatMap(([call]) => call.match(/(?<=\s)--[a-z][\w-]*/g) ?? [])
        .filter((flag) => !flags.has(flag))
        .map((flag) => `names the flag ${flag}, which does not exist`),
      ...[...code.matchAll(/\bnpm (?:run (?:--?\S+ )*([a-z][\w:-]*)|(test|start)\b)/g)]
        .map(([, script, short]) => script ?? short ?? '')
        .filter((script) => !scripts.has(script))
        .map((script) => `names the script npm run ${script}, which does not exist`),
    ]);
  });
}

function eachLine(file: string, text: string, check: (line: string) => readonly string[]): readonly Violation[] {
  return text.split('\n').flatMap((line, index) => check(line).map((message) => violation(file, index + 1, message)));
}

function violation(file: string, line: number, message: string): Violation {
  return { file, line, rule: 'documents', message };
}
