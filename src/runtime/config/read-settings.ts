import { parse as parseYaml } from 'yaml';
import { nearest } from './nearest.ts';
import { parseValue, type RawValue, ValueProblem } from './parse-value.ts';
import {
  allows,
  ConfigError,
  flagOf,
  type Setting,
  type SettingValue,
  type SettingValues,
  variableOf,
} from './setting.ts';

/** Where settings come from. A flag beats a variable, a variable beats the file, the file beats the default. */
export interface SettingSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  /** Variables that mean something to other commands: no error here. */
  readonly otherVariables?: readonly string[];
}

interface Given {
  readonly raw: RawValue;
  /** As the person who gave it knows it: `--listen`, `STRAIT_LISTEN`, `listen in strait.yaml`. */
  readonly origin: string;
}

type GivenByKey = ReadonlyMap<string, Given>;

/** Variables that tests and commands share; never settings. */
const RESERVED_VARIABLES = ['STRAIT_TEST_'];

/**
 * Reads the settings of one command from all sources. Every problem is gathered before it gives up with one
 * `ConfigError`; names nobody knows are problems that name the nearest one. The result cannot be changed.
 */
export function readSettings<const List extends readonly Setting[]>(
  settings: List,
  sources: SettingSources,
): SettingValues<List> {
  const problems: string[] = [];
  const layers: readonly GivenByKey[] = [
    readFlags(settings, sources.args, problems),
    readVariables(settings, sources, problems),
    readFile(settings, sources.file, problems),
  ];
  const values: Record<string, SettingValue | undefined> = {};
  for (const setting of settings) {
    const given = layers.map((layer) => layer.get(setting.key)).find((layer) => layer !== undefined);
    const chosen = given ?? (setting.default === null ? undefined : { raw: setting.default, origin: setting.key });
    values[setting.key] = chosen && tryParse(setting, chosen, problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(values) as SettingValues<List>;
}

function tryParse(setting: Setting, { raw, origin }: Given, problems: string[]): SettingValue | undefined {
  try {
    return parseValue(setting, raw);
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    const shown = setting.secret || typeof raw === 'object' ? '' : ` (it is '${String(raw)}')`;
    problems.push(`${origin}: ${error.message}${shown}`);
    return undefined;
  }
}

/** `--key value`, `--key=value`; booleans stand alone; lists are repeated. */
function readFlags(settings: readonly Setting[], args: readonly string[], problems: string[]): GivenByKey {
  const byFlag = new Map(settings.filter((setting) => allows(setting, 'flag')).map((it) => [flagOf(it.key), it]));
  const given = new Map<string, Given>();
  for (let index = 0; index < args.length; index += 1) {
    const [, flag = '', inline] = /^(--[^=]+)(?:=(.*))?$/s.exec(args[index] ?? '') ?? [];
    const setting = byFlag.get(flag);
    if (!setting) {
      problems.push(unknown(flag === '' ? 'argument' : 'flag', flag || (args[index] ?? ''), [...byFlag.keys()]));
      if (flag !== '' && inline === undefined && !args[index + 1]?.startsWith('--')) index += 1;
      continue;
    }
    let raw: RawValue = inline;
    if (inline === undefined && setting.type === 'boolean') raw = true;
    else if (inline === undefined) {
      index += 1;
      raw = args[index];
    }
    const before = given.get(setting.key);
    if (raw === undefined) problems.push(`${flag} needs a value`);
    else if (setting.type === 'list') given.set(setting.key, { raw: [...asList(before?.raw), raw], origin: flag });
    else if (before) problems.push(`${flag} is given twice; give it once`);
    else given.set(setting.key, { raw, origin: flag });
  }
  return given;
}

function asList(raw: RawValue): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

function readVariables(settings: readonly Setting[], sources: SettingSources, problems: string[]): GivenByKey {
  const byName = new Map(
    settings.filter((setting) => allows(setting, 'variable')).map((it) => [variableOf(it.key), it]),
  );
  const given = new Map<string, Given>();
  for (const [name, raw] of Object.entries(sources.env)) {
    if (!name.startsWith('STRAIT_') || RESERVED_VARIABLES.some((prefix) => name.startsWith(prefix))) continue;
    const setting = byName.get(name);
    if (!setting && sources.otherVariables?.includes(name)) continue;
    if (!setting) problems.push(unknown('variable', name, [...byName.keys()]));
    else if (raw !== undefined && raw !== '') given.set(setting.key, { raw, origin: name });
  }
  return given;
}

function readFile(settings: readonly Setting[], file: SettingSources['file'], problems: string[]): GivenByKey {
  const given = new Map<string, Given>();
  if (!file) return given;
  const keys = settings.filter((setting) => allows(setting, 'file')).map((setting) => setting.key);
  for (const [key, raw] of Object.entries(parseFile(file, problems))) {
    if (!keys.includes(key)) problems.push(`${file.path}: ${unknown('key', key, keys)}`);
    else if (raw !== null) given.set(key, { raw, origin: `${key} in ${file.path}` });
  }
  return given;
}

function parseFile(file: { readonly path: string; readonly text: string }, problems: string[]): object {
  try {
    const parsed: unknown = parseYaml(file.text) ?? {};
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
    problems.push(`${file.path}: must hold keys and values, such as 'site: east'`);
  } catch (error) {
    problems.push(`${file.path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return {};
}

function unknown(kind: 'flag' | 'argument' | 'variable' | 'key', name: string, known: readonly string[]): string {
  const like = nearest(name, known);
  return `unknown ${kind} ${name}${like === undefined ? '' : `; did you mean ${like}?`}`;
}

/** URLs keep their own setters; everything else in a configuration is plain data. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof URL)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
