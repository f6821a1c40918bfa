import {
  type Address,
  POLICY_NAMES,
  type PolicyName,
  type PolicySetting,
  type Setting,
  type SettingValue,
  type TableSetting,
} from './setting.ts';

/** A value as a source gave it: text from flags and variables, anything YAML can say from the file. */
export type RawValue = unknown;

/** What is wrong with one value; the caller says where it came from. */
export class ValueProblem extends Error {}

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Turns a raw value into the setting's type and holds it to its bounds. Throws `ValueProblem`. */
export function parseValue(setting: Setting, raw: RawValue): SettingValue {
  switch (setting.type) {
    case 'text':
      return textOf(raw);
    case 'integer':
      return bounded(setting, wholeNumber(numberOf(raw, {})));
    case 'share':
      return bounded(setting, numberOf(raw, { '%': 0.01 }));
    case 'duration':
      return bounded(setting, wholeNumber(numberOf(raw, DURATION_MS)));
    case 'bytes':
      return bounded(setting, wholeNumber(numberOf(raw, BYTES)));
    case 'boolean':
      return booleanOf(raw);
    case 'choice':
      return choiceOf(raw, setting.choices ?? []);
    case 'list':
      return listOf(raw);
    case 'address':
      return addressOf(textOf(raw));
    case 'url':
      return urlOf(textOf(raw));
    case 'policies':
      return entriesOf(raw).map(policyOf);
    case 'tables':
      return entriesOf(raw).map(tableOf);
  }
}

function textOf(raw: RawValue): string {
  const text = typeof raw === 'number' ? String(raw) : raw;
  if (typeof text !== 'string' || text === '') throw new ValueProblem('must be a text that is not empty');
  return text;
}

/** A bare number counts the setting's own unit; a suffix says another. */
function numberOf(raw: RawValue, units: Readonly<Record<string, number>>): number {
  if (typeof raw === 'number' && Number.isFinite(raw)) return raw;
  const [, digits, suffix = ''] = /^([0-9][0-9_]*(?:\.[0-9]+)?) ?([A-Za-z%]*)$/.exec(String(raw)) ?? [];
  const factor = suffix === '' ? 1 : units[suffix];
  if (digits === undefined || factor === undefined) {
    const known = Object.keys(units).join(', ');
    throw new ValueProblem(`must be a number${known === '' ? '' : `, alone or with one of ${known}`}`);
  }
  return Number(digits.replaceAll('_', '')) * factor;
}

function wholeNumber(value: number): number {
  if (!Number.isSafeInteger(value)) throw new ValueProblem('must be a whole number');
  return value;
}

function bounded({ min, max, unit }: Setting, value: number): number {
  const named = (bound: number) => `${bound}${unit === null ? '' : ` ${unit}`}`;
  if (min !== null && value < min) throw new ValueProblem(`must be at least ${named(min)}`);
  if (max !== null && value > max) throw new ValueProblem(`must be at most ${named(max)}`);
  return value;
}

function booleanOf(raw: RawValue): boolean {
  if (raw === true || raw === 'true' || raw === '1') return true;
  if (raw === false || raw === 'false' || raw === '0') return false;
  throw new ValueProblem('must be true or false');
}

function choiceOf(raw: RawValue, choices: readonly string[]): string {
  if (typeof raw === 'string' && choices.includes(raw)) return raw;
  throw new ValueProblem(`must be one of ${choices.join(', ')}`);
}

/** From flags: one per repetition. From a variable: separated by commas. From the file: a list. */
function listOf(raw: RawValue): readonly string[] {
  const parts = Array.isArray(raw) ? raw : String(raw).split(',');
  return parts.map((part) => textOf(typeof part === 'string' ? part.trim() : part));
}

function addressOf(text: string): Address {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new ValueProblem('must be HOST:PORT, such as 127.0.0.1:9000');
  return { host, port };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname) throw new ValueProblem('must be a URL, such as http://127.0.0.1:9000');
  return url;
}

type Entry = Readonly<Record<string, unknown>>;

function entriesOf(raw: RawValue): readonly Entry[] {
  const isEntry = (value: unknown): value is Entry =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!Array.isArray(raw) || !raw.every(isEntry)) throw new ValueProblem('must be a list of entries');
  return raw;
}

function policyOf(entry: Entry): PolicySetting {
  const places = ['bucket', 'prefix', 'table'].filter((key) => key in entry);
  const [place] = places;
  if (place === undefined || places.length > 1) {
    throw new ValueProblem('each entry names one of bucket, prefix or table, as gs://…');
  }
  rejectOthers(entry, [place, 'policy']);
  const { policy } = entry;
  if (!isPolicyName(policy)) throw new ValueProblem(`policy must be one of ${POLICY_NAMES.join(', ')}`);
  const { bucket, prefix } = gsUrl(entry[place]);
  if (place === 'bucket' && prefix !== '') throw new ValueProblem(`bucket must be gs://NAME, not ${entry[place]}`);
  return { bucket, prefix: place === 'table' ? folder(prefix) : prefix, policy };
}

function tableOf(entry: Entry): TableSetting {
  rejectOthers(entry, ['prefix', 'pathAliases']);
  const { bucket, prefix } = gsUrl(entry['prefix']);
  const aliases = entry['pathAliases'];
  if (!Array.isArray(aliases) || aliases.length === 0) throw new ValueProblem('pathAliases must be a list of paths');
  return { bucket, prefix: folder(prefix), pathAliases: aliases.map((alias) => folder(textOf(alias))) };
}

function rejectOthers(entry: Entry, known: readonly string[]): void {
  const other = Object.keys(entry).find((key) => !known.includes(key));
  if (other !== undefined) throw new ValueProblem(`an entry has ${known.join(' and ')}, not '${other}'`);
}

function gsUrl(value: unknown): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, prefix = ''] = /^gs:\/\/([^/]+)(?:\/(.*))?$/s.exec(typeof value === 'string' ? value : '') ?? [];
  if (bucket === undefined) throw new ValueProblem(`must be gs://BUCKET/PREFIX, not '${String(value)}'`);
  return { bucket, prefix };
}

/** A table's prefix and its aliases are folders: `gs://lake/t` means `gs://lake/t/`. */
function folder(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

function isPolicyName(value: unknown): value is PolicyName {
  return POLICY_NAMES.some((name) => name === value);
}
