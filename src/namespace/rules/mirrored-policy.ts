import type { AccessList, Grant, Role } from '../../model/access-list.ts';
import type { Policy, PolicyBinding } from '../../model/policy.ts';
import { ENTITY_BYTES_MAX, GRANTS_MAX } from './access-list.ts';
import { utf8Length } from './names.ts';
import { mergedBindings } from './policy.ts';

/**
 * An access list and the bindings of legacy roles are two views of the same: GCS shows entries of a list as bindings,
 * and changes entries with bindings (https://cloud.google.com/storage/docs/access-control/iam#acls). The list is what
 * is stored; what it cannot hold (conditions, principals without an entity, a second role of one principal) stays in
 * the policy.
 */

export type LegacyRoles = Readonly<Partial<Record<Role, string>>>;

export const BUCKET_ROLES: LegacyRoles = {
  OWNER: 'roles/storage.legacyBucketOwner',
  READER: 'roles/storage.legacyBucketReader',
  WRITER: 'roles/storage.legacyBucketWriter',
};
export const OBJECT_ROLES: LegacyRoles = {
  OWNER: 'roles/storage.legacyObjectOwner',
  READER: 'roles/storage.legacyObjectReader',
};
const STRENGTH: readonly Role[] = ['OWNER', 'WRITER', 'READER'];

/** The list as bindings, before those that are no part of it. */
export function mirroredPolicy(list: AccessList, rest: Policy, roles: LegacyRoles): Policy {
  const bindings = Object.entries(roles).map(([role, name]): PolicyBinding => {
    const members = list.filter((grant) => grant.role === role).map(({ entity }) => memberOf(entity));
    return { role: name, members: members.toSorted() };
  });
  return mergedBindings([...bindings, ...rest]);
}

export interface SplitPolicy {
  readonly list: AccessList;
  readonly rest: Policy;
}

export function splitPolicy(policy: Policy, roles: LegacyRoles): SplitPolicy {
  const list: Grant[] = [];
  const taken = new Set<string>();
  const kept = new Map<PolicyBinding, readonly string[]>(policy.map((binding) => [binding, binding.members]));
  let bytes = 0;
  for (const role of STRENGTH) {
    const binding = policy.find((one) => one.role === roles[role] && one.condition === undefined);
    if (binding === undefined) continue;
    const others = binding.members.filter((member) => {
      const entity = entityOf(member);
      if (entity === undefined || taken.has(entity)) return true;
      bytes += utf8Length(entity);
      if (list.length === GRANTS_MAX || bytes > ENTITY_BYTES_MAX) return true;
      taken.add(entity);
      list.push({ entity, role });
      return false;
    });
    kept.set(binding, others);
  }
  return { list, rest: mergedBindings([...kept].map(([binding, members]) => ({ ...binding, members }))) };
}

const TEAM = { projectOwner: 'owners', projectEditor: 'editors', projectViewer: 'viewers' } as const;
const SERVICE_ACCOUNT = /\.gserviceaccount\.com$/;

export function memberOf(entity: string): string {
  const [, team, project] = /^project-(owner|editor|viewer)s-(.*)$/.exec(entity) ?? [];
  if (team !== undefined) return `project${team.charAt(0).toUpperCase()}${team.slice(1)}:${project}`;
  const [, kind, rest = ''] = /^(user|group|domain)-(.*)$/.exec(entity) ?? [];
  if (kind === undefined) return entity;
  return `${kind === 'user' && SERVICE_ACCOUNT.test(rest) ? 'serviceAccount' : kind}:${rest}`;
}

/** Undefined when no entity says the same. */
export function entityOf(member: string): string | undefined {
  if (!member.includes(':')) return member;
  const [, kind = '', rest = ''] = /^([a-zA-Z]+):(.*)$/.exec(member) ?? [];
  if (kind in TEAM) return `project-${TEAM[kind as keyof typeof TEAM]}-${rest}`;
  const isAccount = SERVICE_ACCOUNT.test(rest);
  if (kind === 'serviceAccount') return isAccount ? `user-${rest}` : undefined;
  if (kind === 'user') return isAccount ? undefined : `user-${rest}`;
  return kind === 'group' || kind === 'domain' ? `${kind}-${rest}` : undefined;
}

/** What a bucket that is made with uniform access has, so that the project's teams reach its objects. */
export function uniformDefault(project: string): Policy {
  return [
    { role: 'roles/storage.legacyObjectOwner', members: [`projectEditor:${project}`, `projectOwner:${project}`] },
    { role: 'roles/storage.legacyObjectReader', members: [`projectViewer:${project}`] },
  ];
}
