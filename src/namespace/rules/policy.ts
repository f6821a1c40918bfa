import { StraitError } from '../../model/errors.ts';
import type { GivenBinding, GivenPolicy, Policy, PolicyBinding, PolicyCondition } from '../../model/policy.ts';
import { utf8Length } from './names.ts';

/**
 * IAM policies as values (https://cloud.google.com/iam/docs/reference/rest/v1/Policy and
 * https://cloud.google.com/iam/docs/principal-identifiers).
 */

export const PRINCIPALS_MAX = 1_500;
/** As JSON. It may take several rows. */
export const POLICY_BYTES_MAX = 256 * 1024;
const CONDITION_TEXT_BYTES_MAX = 12 * 1024;
/** Conditions came with version 3. 2 is no version that clients write, but means what 1 means. */
const VERSIONS: readonly number[] = [0, 1, 2, 3];
const CONDITIONS_VERSION = 3;

const ADDRESS = String.raw`[^\s:/@]+@[^\s:/@]+`;
const MEMBERS: readonly RegExp[] = [
  /^all(?:Authenticated)?Users$/,
  new RegExp(`^(?:user|serviceAccount|group):${ADDRESS}$`),
  /^(?:user|group):[0-9a-fA-F]{1,64}$/,
  /^domain:[^\s:/@]+\.[^\s:/@]+$/,
  /^project(?:Owner|Editor|Viewer):[a-zA-Z0-9][a-zA-Z0-9.:-]*$/,
  new RegExp(`^deleted:(?:user|serviceAccount|group):${ADDRESS}\\?uid=\\d+$`),
  /^(?:deleted:)?principal(?:Set)?:\/\/[^\s]+\/[^\s]+$/,
];
const MEMBER_BYTES_MAX = 1_024;

const ROLES: readonly RegExp[] = [
  /^roles\/[a-zA-Z][a-zA-Z0-9]*(?:\.[a-zA-Z][a-zA-Z0-9]*)*$/,
  /^(?:projects|organizations)\/[a-zA-Z0-9.:-]+\/roles\/[a-zA-Z0-9_.]{3,64}$/,
];
/** The predefined roles of Cloud Storage (https://cloud.google.com/storage/docs/access-control/iam-roles). */
const STORAGE_ROLES: ReadonlySet<string> = new Set(
  [
    ...['admin', 'bucketViewer', 'expressModeServiceInput', 'expressModeServiceOutput', 'expressModeUserAccess'],
    ...['folderAdmin', 'hmacKeyAdmin', 'insightsCollectorService', 'legacyBucketOwner', 'legacyBucketReader'],
    ...['legacyBucketWriter', 'legacyObjectOwner', 'legacyObjectReader', 'objectAdmin', 'objectCreator'],
    ...['objectUser', 'objectViewer'],
  ].map((name) => `roles/storage.${name}`),
);
/** They are granted to all or none. */
const BASIC_ROLES: ReadonlySet<string> = new Set(['roles/owner', 'roles/editor', 'roles/viewer']);

export interface PolicyContext {
  /** Whether what the policy is of takes conditions: buckets with uniform access, and their managed folders, do. */
  readonly takesConditions: boolean;
  /** What the policy replaces. */
  readonly before: Policy;
}

/** The policy that a request gives, with bindings of the same role and condition made one. */
export function checkedPolicy({ version = 0, bindings }: GivenPolicy, context: PolicyContext): Policy {
  if (!VERSIONS.includes(version)) throw invalid('version', `Invalid policy version: ${version}.`);
  const checked = mergedBindings(bindings.map((binding, index) => checkedBinding(binding, `bindings[${index}]`)));
  if (hasConditions(checked) && !context.takesConditions) {
    const message = 'A policy can have conditions only where uniform bucket-level access is enabled.';
    throw invalid('bindings', message);
  }
  if (version < CONDITIONS_VERSION && (hasConditions(checked) || hasConditions(context.before))) {
    throw invalid('version', 'A policy with conditions is set, and replaced, as version 3.');
  }
  const principals = checked.reduce((sum, { members }) => sum + members.length, 0);
  if (principals > PRINCIPALS_MAX) {
    throw invalid('bindings', `A policy has at most ${PRINCIPALS_MAX} principals in its bindings, not ${principals}.`);
  }
  if (utf8Length(JSON.stringify(checked)) > POLICY_BYTES_MAX) {
    throw invalid('bindings', `A policy has at most ${POLICY_BYTES_MAX} bytes.`);
  }
  return checked;
}

function checkedBinding(given: GivenBinding, path: string): PolicyBinding {
  const { role } = given;
  const isRole =
    ROLES.some((form) => form.test(role)) && (!role.startsWith('roles/storage.') || STORAGE_ROLES.has(role));
  if (!isRole) throw invalid(`${path}.role`, `Role ${role.slice(0, 100)} is not supported for this resource.`);
  const members = [...new Set(given.members.map((member) => checkedMember(member, `${path}.members`)))];
  if (given.condition === undefined) return { role, members };
  if (BASIC_ROLES.has(role) || members.some(isPublicMember)) {
    throw invalid(`${path}.condition`, 'Basic roles, allUsers and allAuthenticatedUsers cannot have conditions.');
  }
  return { role, members, condition: checkedCondition(given.condition, `${path}.condition`) };
}

/** Addresses have no case. */
function checkedMember(member: string, path: string): string {
  if (utf8Length(member) > MEMBER_BYTES_MAX || !MEMBERS.some((form) => form.test(member))) {
    throw invalid(path, `Invalid member: '${member.slice(0, 100)}'.`);
  }
  const [, kind, address] = /^(user|serviceAccount|group|domain):(.*)$/.exec(member) ?? [];
  return kind === undefined || address === undefined ? member : `${kind}:${address.toLowerCase()}`;
}

function checkedCondition(given: Partial<PolicyCondition>, path: string): PolicyCondition {
  const { title = '', expression = '' } = given;
  if (title === '') throw invalid(`${path}.title`, 'A condition must have a title.');
  if (expression.trim() === '') throw invalid(`${path}.expression`, 'A condition must have an expression.');
  if (utf8Length(JSON.stringify(given)) > CONDITION_TEXT_BYTES_MAX) {
    throw invalid(path, `A condition has at most ${CONDITION_TEXT_BYTES_MAX} bytes.`);
  }
  return { ...given, title, expression };
}

/** Bindings of one role and condition become one; those without members go. The first of a kind gives the place. */
export function mergedBindings(bindings: readonly PolicyBinding[]): Policy {
  const merged = new Map<string, PolicyBinding>();
  for (const binding of bindings) {
    const { role, condition } = binding;
    const { title, expression, description, location } = condition ?? {};
    const key = JSON.stringify([role, title, expression, description, location]);
    const members = new Set([...(merged.get(key)?.members ?? []), ...binding.members]);
    merged.set(key, { ...binding, members: [...members] });
  }
  return [...merged.values()].filter(({ members }) => members.length > 0);
}

export function hasConditions(policy: Policy): boolean {
  return policy.some(({ condition }) => condition !== undefined);
}

export function isPublicMember(member: string): boolean {
  return member === 'allUsers' || member === 'allAuthenticatedUsers';
}

/** Roles with `storage.objects.get`. Those that everyone has cannot have conditions. */
const OBJECT_READERS: ReadonlySet<string> = new Set(
  ['admin', 'legacyObjectOwner', 'legacyObjectReader', 'objectAdmin', 'objectUser', 'objectViewer'].map(
    (name) => `roles/storage.${name}`,
  ),
);

export function letsEveryoneRead(policy: Policy): boolean {
  return policy.some(({ role, members }) => OBJECT_READERS.has(role) && members.includes('allUsers'));
}

export function versionOf(policy: Policy): number {
  return hasConditions(policy) ? CONDITIONS_VERSION : 1;
}

/** Whoever asks for an older version must not lose conditions unseen. Not asked: the same as 1. */
export function assertServable(policy: Policy, requestedVersion = 1): void {
  if (!VERSIONS.includes(requestedVersion)) {
    throw invalid('optionsRequestedPolicyVersion', `Invalid policy version: ${requestedVersion}.`);
  }
  if (requestedVersion >= versionOf(policy)) return;
  const message = 'The policy has conditions. Ask for it with optionsRequestedPolicyVersion=3.';
  throw invalid('optionsRequestedPolicyVersion', message);
}

/** Permissions by resource (https://cloud.google.com/storage/docs/access-control/iam-permissions). */
const CAPABILITIES: Readonly<Record<string, string>> = {
  anywhereCaches: 'create disable get list pause resume update',
  bucketOperations: 'cancel get list',
  buckets:
    'create createTagBinding delete deleteTagBinding enableObjectRetention get getIamPolicy getIpFilter ' +
    'getObjectInsights list listEffectiveTags listTagBindings relocate restore setIamPolicy setIpFilter update',
  folders: 'create delete get list rename',
  managedFolders: 'create delete get getIamPolicy list setIamPolicy',
  multipartUploads: 'abort create list listParts',
  objects:
    'create createContext delete deleteContext get getIamPolicy list move overrideUnlockedRetention restore ' +
    'setIamPolicy setRetention update updateContext',
};
const PERMISSIONS: ReadonlySet<string> = new Set(
  Object.entries(CAPABILITIES).flatMap(([resource, names]) =>
    names.split(' ').map((name) => `storage.${resource}.${name}`),
  ),
);

/** Those among `asked` that the principal holds. The site's own principal holds all there are. */
export function heldPermissions(asked: readonly string[]): readonly string[] {
  for (const permission of asked) {
    if (!PERMISSIONS.has(permission)) {
      throw invalid('permissions', `Permission ${permission.slice(0, 100)} is not valid for this resource.`);
    }
  }
  return [...new Set(asked)];
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
