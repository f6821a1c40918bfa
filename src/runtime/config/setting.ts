/**
 * One entry per setting. From it come the key in `strait.yaml`, the flag, the `STRAIT_…` variable, the help text, the
 * reference page and the redacted print-out.
 */

/** `duration` and `bytes` are numbers with an optional unit: `500ms`, `7d`, `16MiB`. `share` is 0 to 1. */
export type SettingType =
  | 'text'
  | 'integer'
  | 'share'
  | 'duration'
  | 'bytes'
  | 'boolean'
  | 'choice'
  | 'list'
  | 'address'
  | 'url'
  | 'policies'
  | 'tables';

export interface Setting {
  readonly key: string;
  readonly type: SettingType;
  /** What a bare number counts. */
  readonly unit: string | null;
  /** As it would be written; null: unset. */
  readonly default: string | number | boolean | readonly string[] | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Never printed or logged. */
  readonly secret: boolean;
  /** One sentence or two: what it does, and when one would change it. */
  readonly help: string;
  readonly choices?: readonly string[];
  /** Where it may be given; everywhere when absent. */
  readonly from?: readonly Source[];
  /** What stands for the value in usage lines: `DIR`, `URL`. */
  readonly placeholder?: string;
  /** Only for the fault tests: kept out of help and documents. */
  readonly testOnly?: true;
}

export type Source = 'flag' | 'variable' | 'file';
export const SOURCES: readonly Source[] = ['flag', 'variable', 'file'];

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type PolicyName = 'keep' | 'read-through' | 'metadata-only' | 'pass-through';
export const POLICY_NAMES: readonly PolicyName[] = ['keep', 'read-through', 'metadata-only', 'pass-through'];

/** What a site keeps of a bucket or of the names under a prefix. The longest match wins. */
export interface PolicySetting {
  readonly bucket: string;
  /** Empty: the whole bucket. */
  readonly prefix: string;
  readonly policy: PolicyName;
}

/** Foreign path prefixes that stand for a table's own prefix. */
export interface TableSetting {
  readonly bucket: string;
  readonly prefix: string;
  readonly pathAliases: readonly string[];
}

/** The TypeScript type of each setting type's value. */
interface Values {
  readonly text: string;
  readonly integer: number;
  readonly share: number;
  readonly duration: number;
  readonly bytes: number;
  readonly boolean: boolean;
  readonly choice: string;
  readonly list: readonly string[];
  readonly address: Address;
  readonly url: URL;
  readonly policies: readonly PolicySetting[];
  readonly tables: readonly TableSetting[];
}

export type SettingValue = Values[SettingType];

/** A choice is one of its choices; a setting without a default may be undefined. */
export type ValueOf<S extends Setting> =
  | (S extends { readonly choices: readonly (infer Choice)[] } ? Choice : Values[S['type']])
  | (S['default'] extends null ? undefined : never);

export type SettingValues<List extends readonly Setting[]> = {
  readonly [S in List[number] as S['key']]: ValueOf<S>;
};

/** `tailPollMs` → `--tail-poll-ms`. */
export function flagOf(key: string): string {
  return `--${words(key).join('-')}`;
}

/** `tailPollMs` → `STRAIT_TAIL_POLL_MS`. */
export function variableOf(key: string): string {
  return `STRAIT_${words(key).join('_').toUpperCase()}`;
}

function words(key: string): readonly string[] {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(' ');
}

export function allows(setting: Setting, source: Source): boolean {
  return (setting.from ?? SOURCES).includes(source);
}

/** Everything that is wrong with a configuration, each problem with the way to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
