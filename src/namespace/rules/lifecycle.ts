/**
 * Lifecycle rules of a bucket, read and checked (https://cloud.google.com/storage/docs/lifecycle). Pure; whoever acts
 * on them gets them typed from `lifecycleRules`.
 */
import type { JsonObject } from '../../model/operation.ts';
import { storageClassNamed } from './attributes.ts';
import { choiceOf, flagOf, integerOf, invalidField, listOf, objectOf, present, textsOf } from './bucket/read-json.ts';
import { namePattern } from './name-pattern.ts';
import { OBJECT_BYTES_MAX } from './new-state.ts';

export interface LifecycleRule {
  readonly action: LifecycleAction;
  /** All of them must hold. At least one is there. */
  readonly condition: LifecycleCondition;
}

export type LifecycleAction =
  | { readonly type: 'Delete' | 'AbortIncompleteMultipartUpload' }
  | { readonly type: 'SetStorageClass'; readonly storageClass: string };

/** Absent: not asked for. Dates are midnight UTC of that day. */
export interface LifecycleCondition {
  /** Days since creation. */
  readonly age?: number;
  readonly createdBeforeMs?: number;
  readonly customTimeBeforeMs?: number;
  readonly daysSinceCustomTime?: number;
  readonly daysSinceNoncurrentTime?: number;
  readonly isLive?: boolean;
  /** A regular expression in RE2's syntax, for the whole name. */
  readonly matchesPattern?: string;
  readonly matchesPrefix?: readonly string[];
  readonly matchesStorageClass?: readonly string[];
  readonly matchesSuffix?: readonly string[];
  readonly noncurrentTimeBeforeMs?: number;
  readonly numNewerVersions?: number;
  readonly sizeAboveBytes?: number;
  readonly sizeBelowBytes?: number;
}

const ACTIONS = ['Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload'] as const;
const RULES_MAX = 100;
const AFFIXES_MAX = 1_000;
const AFFIX_BYTES_MAX = 1_024;
const PATTERN_BYTES_MAX = 1_024;
const COUNTS = ['age', 'daysSinceCustomTime', 'daysSinceNoncurrentTime', 'numNewerVersions'] as const;
const DATES = ['createdBefore', 'customTimeBefore', 'noncurrentTimeBefore'] as const;
const SIZES = ['sizeAboveBytes', 'sizeBelowBytes'] as const;
const AFFIXES = ['matchesPrefix', 'matchesSuffix'] as const;
/** What conditions of an unfinished upload can be about. */
const OF_UPLOADS: readonly string[] = ['age', ...AFFIXES];

/** The `lifecycle` setting as it is stored; undefined when it has no rules. */
export function checkedLifecycle(value: unknown): JsonObject | undefined {
  const rules = listOf(objectOf(value, 'lifecycle')['rule'], 'lifecycle.rule');
  if (rules.length > RULES_MAX) {
    throw invalidField('lifecycle.rule', `A lifecycle configuration has ${RULES_MAX} rules at most.`);
  }
  const checked = rules.map(checkedRule);
  const affixes = checked.flatMap(({ condition }) => AFFIXES.flatMap((name) => textsOf(condition[name], name)));
  if (affixes.length > AFFIXES_MAX) {
    const names = 'Lifecycle matches_suffix and matches_prefix';
    throw invalidField('lifecycle.rule', `${names} cannot specify more than ${AFFIXES_MAX} rules per config.`);
  }
  return checked.length === 0 ? undefined : { rule: checked };
}

function checkedRule(value: unknown): { readonly action: JsonObject; readonly condition: JsonObject } {
  const rule = objectOf(value, 'lifecycle.rule');
  const action = checkedAction(objectOf(rule['action'] ?? {}, 'lifecycle.rule.action'));
  const condition = checkedCondition(objectOf(rule['condition'] ?? {}, 'lifecycle.rule.condition'));
  const names = Object.keys(condition);
  if (names.length === 0) throw invalidField('lifecycle.rule.condition', 'Lifecycle rules must have a condition.');
  if (action['type'] === 'AbortIncompleteMultipartUpload' && names.some((name) => !OF_UPLOADS.includes(name))) {
    const message =
      'Lifecycle age_days, matches_prefix, and matches_suffix conditions are the only ones allowed for a ' +
      'ABORT_INCOMPLETE_MULTIPART_UPLOAD rule.';
    throw invalidField('lifecycle.rule.condition', message);
  }
  return { action, condition };
}

function checkedAction(action: JsonObject): JsonObject {
  const field = 'lifecycle.rule.action.storageClass';
  const type = choiceOf(action['type'], ACTIONS, 'lifecycle.rule.action.type');
  const wanted = action['storageClass'] ?? undefined;
  if (type !== 'SetStorageClass') {
    if (wanted === undefined) return { type };
    throw invalidField(field, 'Storage class can only be specified for SET_STORAGE_CLASS actions');
  }
  if (wanted === undefined) {
    throw invalidField(field, 'Lifecycle storage class rules must specify the destination storage class.');
  }
  const storageClass = storageClassNamed(wanted);
  if (storageClass !== undefined) return { type, storageClass };
  const name = String(wanted).slice(0, 100);
  throw invalidField(field, `Unknown storage class '${name}' is not a valid option for SET_STORAGE_CLASS actions.`);
}

function checkedCondition(condition: JsonObject): JsonObject {
  const at = (name: string) => `lifecycle.rule.condition.${name}`;
  const read = <Value>(name: string, check: (value: unknown) => Value) => {
    const value = condition[name];
    return value === undefined || value === null ? undefined : check(value);
  };
  const all = (names: readonly string[], check: (value: unknown, name: string) => unknown) =>
    Object.fromEntries(names.map((name) => [name, read(name, (value) => check(value, name))]));
  return present({
    ...all(COUNTS, (value, name) => checkedCount(value, name)),
    ...all(DATES, (value, name) => checkedDate(value, at(name))),
    ...all(SIZES, (value, name) => checkedSize(value, name)),
    ...all(AFFIXES, (value, name) => checkedAffixes(value, name)),
    isLive: read('isLive', (value) => flagOf(value, at('isLive'))),
    matchesPattern: read('matchesPattern', checkedPattern),
    matchesStorageClass: read('matchesStorageClass', checkedClasses),
  });
}

function checkedCount(value: unknown, name: string): number {
  const field = `lifecycle.rule.condition.${name}`;
  const count = integerOf(value, field);
  if (count >= 0 && count < 2 ** 31) return count;
  throw invalidField(field, `Lifecycle ${name} condition must be greater than or equal to 0, but was ${count}`);
}

function checkedDate(value: unknown, field: string): string {
  const text = String(value);
  if (/^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text)) return text;
  throw invalidField(field, `Invalid value for: Invalid format: "${text.slice(0, 100)}"`);
}

/** Kept as 64-bit numbers are written. */
function checkedSize(value: unknown, name: string): string {
  const field = `lifecycle.rule.condition.${name}`;
  const bytes = integerOf(value, field);
  if (bytes >= 0 && bytes <= OBJECT_BYTES_MAX) return String(bytes);
  const message = `Lifecycle ${name} condition cannot exceed GCS maximum object size limit: 5 TiB, but was ${bytes}.`;
  throw invalidField(field, message);
}

function checkedAffixes(value: unknown, name: string): readonly string[] | undefined {
  const field = `lifecycle.rule.condition.${name}`;
  const texts = textsOf(value, field);
  if (texts.some((text) => text === '' || Buffer.byteLength(text) > AFFIX_BYTES_MAX)) {
    const message = `Lifecycle ${name} cannot contain a string that is empty or longer than ${AFFIX_BYTES_MAX}.`;
    throw invalidField(field, message);
  }
  return texts.length === 0 ? undefined : texts;
}

function checkedClasses(value: unknown): readonly string[] | undefined {
  const field = 'lifecycle.rule.condition.matchesStorageClass';
  const classes = listOf(value, field).map((name) => {
    const storageClass = storageClassNamed(name);
    if (storageClass !== undefined) return storageClass;
    throw invalidField(field, `Invalid storage class "${String(name).slice(0, 100)}"`);
  });
  return classes.length === 0 ? undefined : classes;
}

function checkedPattern(value: unknown): string {
  const field = 'lifecycle.rule.condition.matchesPattern';
  const pattern = String(value);
  const isShort = Buffer.byteLength(pattern) <= PATTERN_BYTES_MAX && pattern.isWellFormed();
  if (isShort && namePattern(pattern) !== undefined) return pattern;
  throw invalidField(field, `Invalid regular expression: "${pattern.slice(0, 100)}"`);
}

/** The rules of stored settings, in their order. */
export function lifecycleRules(settings: JsonObject): readonly LifecycleRule[] {
  const lifecycle = checkedLifecycle(settings['lifecycle'] ?? {});
  return listOf(lifecycle?.['rule'], 'lifecycle.rule').map((value) => {
    const { action, condition } = value as { readonly action: LifecycleAction; readonly condition: JsonObject };
    return { action, condition: typedCondition(condition) };
  });
}

function typedCondition(condition: JsonObject): LifecycleCondition {
  const { createdBefore, customTimeBefore, noncurrentTimeBefore, sizeAboveBytes, sizeBelowBytes, ...same } = condition;
  const date = (value: unknown) => (value === undefined ? undefined : Date.parse(`${value}T00:00:00Z`));
  const size = (value: unknown) => (value === undefined ? undefined : Number(value));
  return {
    ...same,
    ...present({
      createdBeforeMs: date(createdBefore),
      customTimeBeforeMs: date(customTimeBefore),
      noncurrentTimeBeforeMs: date(noncurrentTimeBefore),
      sizeAboveBytes: size(sizeAboveBytes),
      sizeBelowBytes: size(sizeBelowBytes),
    }),
  };
}
