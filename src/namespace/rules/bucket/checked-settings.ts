/**
 * Settings of a bucket as they are stored: every field of the resource that a client may set is checked, brought into
 * the form GCS shows, and given what the server itself says of it. Pure. Uniform access, retention and access lists
 * have rules of their own.
 */
import type { JsonObject } from '../../../model/operation.ts';
import { checkedLifecycle, lifecycleRules } from '../lifecycle.ts';
import { bucketNameProblem, objectNameProblem } from '../names.ts';
import { checkedCors } from './cors.ts';
import { checkedIpFilter } from './ip-filter.ts';
import { checkedLabels } from './labels.ts';
import { checkedPlacement, checkedRpo } from './location.ts';
import { checkedAutoclass, checkedEncryption, checkedSoftDelete } from './policies.ts';
import { choiceOf, flagOf, invalidField, objectOf, present, textOf } from './read-json.ts';

export interface SettingsContext {
  /** Absent: the bucket is new. */
  readonly before?: JsonObject;
  readonly location: string;
  readonly nowMs: number;
}

/** Of one setting: its value as it is stored, undefined when that says nothing. */
type Check = (value: unknown, before: unknown, context: SettingsContext & { readonly now: string }) => unknown;

const CHECKS: Readonly<Record<string, Check>> = {
  autoclass: (value, before, { now }) => checkedAutoclass(value, before, now),
  billing: (value) => checkedFlags(value, 'billing', ['requesterPays']),
  cors: checkedCors,
  customPlacementConfig: (value, _before, { location }) => checkedPlacement(value, location),
  defaultEventBasedHold: (value) => flagOf(value, 'defaultEventBasedHold'),
  encryption: (value, before, { now }) => checkedEncryption(value, before, now),
  hierarchicalNamespace: (value) =>
    checkedFlags(value, 'hierarchicalNamespace', ['enabled'])['enabled'] === true ? { enabled: true } : undefined,
  iamConfiguration: checkedIam,
  ipFilter: checkedIpFilter,
  labels: checkedLabels,
  lifecycle: checkedLifecycle,
  logging: checkedLogging,
  objectRetention: (value) => ({
    mode: choiceOf(objectOf(value, 'objectRetention')['mode'], ['Enabled'], 'objectRetention.mode'),
  }),
  retentionPolicy: (value) => objectOf(value, 'retentionPolicy'),
  softDeletePolicy: (value, before, { now }) => checkedSoftDelete(value, before, now),
  versioning: (value) => checkedFlags(value, 'versioning', ['enabled']),
  website: checkedWebsite,
};

/** Fixed when the bucket is made: later requests may say them and are not heard. */
const FIXED = ['customPlacementConfig', 'hierarchicalNamespace', 'objectRetention'] as const;

export function checkedSettings(wanted: JsonObject, context: SettingsContext): JsonObject {
  const { before } = context;
  const now = new Date(context.nowMs).toISOString();
  const settings: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(CHECKS)) {
    const isFixed = before !== undefined && FIXED.some((fixed) => fixed === name);
    const [value, was] = [isFixed ? before[name] : wanted[name], before?.[name]];
    if (value === undefined || value === null) continue;
    // What stays as it is was checked when it was set, perhaps by an older version with other rules.
    const isSame = was !== undefined && JSON.stringify(was) === JSON.stringify(value);
    settings[name] = isSame ? was : check(value, was, { ...context, now });
  }
  settings['softDeletePolicy'] ??= { retentionDurationSeconds: '0' };
  const { location } = context;
  const placed = { location, settings: present(settings) };
  const checked = present({ ...settings, rpo: checkedRpo(wanted['rpo'] ?? undefined, placed) });
  assertTogether(checked);
  return checked;
}

function isAutoclassed(settings: JsonObject): boolean {
  return objectOf(settings['autoclass'] ?? {}, 'autoclass')['enabled'] === true;
}

interface Classed {
  readonly settings: JsonObject;
  readonly storageClass: string;
}

/** The class of new objects. Autoclass begins with STANDARD: turning it on sets that, and nothing else can be asked. */
export function checkedClass({ settings, storageClass }: Classed, before?: Classed): string {
  if (!isAutoclassed(settings) || storageClass === 'STANDARD') return storageClass;
  const isLeft = before !== undefined && storageClass === before.storageClass && !isAutoclassed(before.settings);
  if (isLeft) return 'STANDARD';
  throw invalidField('storageClass', 'The storage class of a bucket with Autoclass is STANDARD.');
}

/** What GCS refuses to combine. */
function assertTogether(settings: JsonObject): void {
  if (!isAutoclassed(settings)) return;
  const isByClass = lifecycleRules(settings).some(
    ({ action, condition }) => action.type === 'SetStorageClass' || condition.matchesStorageClass !== undefined,
  );
  if (!isByClass) return;
  const message = 'Lifecycle rules with SetStorageClass or matchesStorageClass cannot be combined with Autoclass.';
  throw invalidField('lifecycle.rule', message);
}

function checkedFlags(value: unknown, field: string, names: readonly string[]): JsonObject {
  const flags = objectOf(value, field);
  const entries = names.map((name) => [name, flagOf(flags[name] ?? false, `${field}.${name}`)]);
  return Object.fromEntries(entries);
}

const PUBLIC_ACCESS = ['inherited', 'enforced', 'unspecified'] as const;

/** Uniform access is left as it is wanted. */
function checkedIam(value: unknown): JsonObject {
  const iam = objectOf(value, 'iamConfiguration');
  const field = 'iamConfiguration.publicAccessPrevention';
  const prevention = choiceOf(iam['publicAccessPrevention'] ?? 'inherited', PUBLIC_ACCESS, field);
  return { ...iam, publicAccessPrevention: prevention === 'unspecified' ? 'inherited' : prevention };
}

const LOG_PREFIX_MAX = 900;

function checkedLogging(value: unknown): JsonObject | undefined {
  const logging = objectOf(value, 'logging');
  const bucket = logging['logBucket'] ?? undefined;
  const prefix = logging['logObjectPrefix'] ?? undefined;
  if (bucket === undefined && prefix === undefined) return undefined;
  const problem = bucketNameProblem(textOf(bucket ?? '', 'logging.logBucket'));
  if (problem !== undefined) throw invalidField('logging.logBucket', `Invalid log bucket: ${problem}.`);
  if (prefix !== undefined) checkedName(prefix, 'logging.logObjectPrefix', LOG_PREFIX_MAX);
  return present({ logBucket: bucket, logObjectPrefix: prefix });
}

const NAME_MAX = 1_024;

function checkedWebsite(value: unknown): JsonObject | undefined {
  const { mainPageSuffix, notFoundPage } = objectOf(value, 'website');
  const website = present({ mainPageSuffix, notFoundPage });
  for (const [name, page] of Object.entries(website)) checkedName(page, `website.${name}`, NAME_MAX);
  return Object.keys(website).length === 0 ? undefined : website;
}

/** A name of objects, or the beginning of some. */
function checkedName(value: unknown, field: string, charactersMax: number): void {
  const name = textOf(value, field);
  const problem = objectNameProblem(name);
  if (problem !== undefined) throw invalidField(field, `Invalid ${field}: ${problem}.`);
  if (name.length > charactersMax) throw invalidField(field, `${field} has ${charactersMax} characters at most.`);
}
