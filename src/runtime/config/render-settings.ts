import { stringify as stringifyYaml } from 'yaml';
import {
  type Address,
  allows,
  flagOf,
  type Setting,
  type SettingType,
  type SettingValue,
  variableOf,
} from './setting.ts';

/** What the three texts about settings share: help, the reference page, and the print-out of what is in force. */
export interface Section {
  readonly title: string;
  readonly settings: readonly Setting[];
}

const HELP_COLUMNS = 100;

/** The options part of `--help`: flags only, wrapped for a terminal. */
export function renderOptionHelp(sections: readonly Section[]): string {
  return sections
    .map(({ title, settings }) => {
      const shown = settings.filter((setting) => allows(setting, 'flag') && !setting.testOnly);
      return [`${title}:`, ...shown.flatMap(renderOption)].join('\n');
    })
    .join('\n\n');
}

function renderOption(setting: Setting): readonly string[] {
  const placeholder = setting.type === 'boolean' ? '' : ` ${placeholderOf(setting)}`;
  const initial = setting.default === null || setting.type === 'boolean' ? '' : ` Default: ${renderDefault(setting)}.`;
  const lines = wrap(`${setting.help}${hasDefault(setting) ? initial : ''}`, HELP_COLUMNS - 8);
  return [`  ${flagOf(setting.key)}${placeholder}`, ...lines.map((line) => `        ${line}`)];
}

function hasDefault(setting: Setting): boolean {
  return !Array.isArray(setting.default) || setting.default.length > 0;
}

function placeholderOf(setting: Setting): string {
  return setting.choices?.join('|') ?? setting.placeholder ?? PLACEHOLDERS[setting.type] ?? 'VALUE';
}

const PLACEHOLDERS: Partial<Record<SettingType, string>> = {
  duration: 'MS',
  bytes: 'BYTES',
  integer: 'N',
  share: '0-1',
};

function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** `docs/reference/config.md`, whole. */
export function renderReference(sections: readonly Section[]): string {
  const head = [
    '# Settings of `strait serve`',
    '',
    'Generated from `src/runtime/config/schema.ts` by `node tools/generate-reference.ts`; do not edit.',
    '',
    'A setting can be a key in `strait.yaml` (or the file of `--config`), a `STRAIT_…` variable, or a flag: a flag',
    'beats a variable, a variable beats the file, the file beats the default. Durations are milliseconds, or a number',
    'with `ms`, `s`, `m`, `h` or `d`. Sizes are bytes, or a number with `KB`, `MiB` and so on. Names nobody knows are',
    'errors. `strait serve --print-config` shows what is in force, secrets hidden.',
  ];
  return `${[...head, ...sections.flatMap(renderSection), '', ...FILE_EXAMPLE].join('\n')}\n`;
}

const FILE_EXAMPLE = [
  '## Example',
  '',
  '```yaml',
  'site: east',
  'listen: 127.0.0.1:9001',
  'data: /var/lib/strait',
  'cloud: https://storage.googleapis.com',
  'project: my-project',
  'bucket: [lake]',
  'retireGraceMs: 2h',
  'policies:',
  '  - { prefix: gs://lake/sales/, policy: keep }',
  '  - { table: gs://lake/sales/clicks/, policy: read-through }',
  '  - { bucket: gs://lake, policy: metadata-only }',
  'tables:',
  '  - prefix: gs://lake/sales/orders/',
  '    pathAliases: [s3://old-lake/orders/]',
  '```',
];

function renderSection({ title, settings }: Section): readonly string[] {
  const shown = settings.filter((setting) => !setting.testOnly);
  return ['', `## ${title}`, ...shown.flatMap(renderEntry)];
}

function renderEntry(setting: Setting): readonly string[] {
  const names = [
    ...(allows(setting, 'file') ? [`\`${setting.key}\``] : []),
    ...(allows(setting, 'flag') ? [`\`${flagOf(setting.key)}\``] : []),
    ...(allows(setting, 'variable') ? [`\`${variableOf(setting.key)}\``] : []),
  ];
  const facts = [
    setting.choices ? `one of ${setting.choices.map((choice) => `\`${choice}\``).join(', ')}` : setting.type,
    ...(setting.unit === null ? [] : [`in ${setting.unit}`]),
    ...(setting.min === null ? [] : [`at least ${setting.min}`]),
    ...(setting.max === null ? [] : [`at most ${setting.max}`]),
    ...(setting.secret ? ['secret'] : []),
    setting.default === null || !hasDefault(setting) ? 'no default' : `default \`${renderDefault(setting)}\``,
  ];
  return ['', `### ${setting.key}`, '', setting.help, '', `${names.join(' · ')} — ${facts.join(', ')}`];
}

const UNITS: Partial<Record<SettingType, readonly (readonly [size: number, suffix: string])[]>> = {
  duration: [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
    [1, 'ms'],
  ],
  bytes: [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ],
};

/** Durations and sizes are said in the largest unit that is exact. */
function renderDefault({ default: initial, type }: Setting): string {
  if (typeof initial !== 'number') return String(initial);
  const [factor, suffix] = UNITS[type]?.find(([size]) => initial > 0 && initial % size === 0) ?? [1, ''];
  return `${initial / factor}${suffix}`;
}

/** What is in force, as plain values by key. Secrets are hidden: they show only that they are set. */
export function plainConfig(
  settings: readonly Setting[],
  values: Readonly<Record<string, SettingValue | undefined>>,
): Readonly<Record<string, unknown>> {
  const shown = settings.filter((setting) => allows(setting, 'file') && !setting.testOnly);
  const entries = shown.map((setting) => {
    const value = values[setting.key];
    if (value === undefined) return [setting.key, null];
    return [setting.key, setting.secret ? '(hidden)' : plainValue(setting, value)];
  });
  return Object.fromEntries(entries);
}

/** The same as a configuration file. */
export function renderConfig(plain: Readonly<Record<string, unknown>>): string {
  return stringifyYaml(plain);
}

function plainValue(setting: Setting, value: SettingValue): unknown {
  if (setting.type === 'address') return renderAddress(value as Address);
  return value instanceof URL ? value.href : value;
}

export function renderAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
