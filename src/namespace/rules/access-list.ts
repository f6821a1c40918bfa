import type { AccessList, Grant, PredefinedAcl, Role } from '../../model/access-list.ts';
import { StraitError } from '../../model/errors.ts';
import { SITE_PRINCIPAL } from '../../model/principal.ts';
import { utf8Length } from './names.ts';

/** Access control lists as values (https://cloud.google.com/storage/docs/access-control/lists). */

export const GRANTS_MAX = 100;
/** Entities of one list together, so that rows with lists stay within what the metadata store holds. */
export const ENTITY_BYTES_MAX = 5 * 1024;

export type ListKind = 'bucket' | 'object';

const ROLES: Readonly<Record<ListKind, readonly Role[]>> = {
  bucket: ['OWNER', 'WRITER', 'READER'],
  object: ['OWNER', 'READER'],
};

const ENTITIES: readonly RegExp[] = [
  /^all(?:Authenticated)?Users$/,
  /^(?:user|group)-[^\s:/@]{1,100}@[^\s:/@]{1,200}$/,
  /^(?:user|group)-[0-9a-fA-F]{1,64}$/,
  /^domain-[^\s:/@]{1,200}\.[^\s:/@]{1,63}$/,
  /^project-(?:owners|editors|viewers)-[a-zA-Z0-9][a-zA-Z0-9.:-]{0,100}$/,
];

/** `invalidArgument` unless it is an entity GCS knows the form of. Addresses and domains have no case. */
export function checkedEntity(entity: string): string {
  if (!ENTITIES.some((form) => form.test(entity))) {
    const message =
      `Invalid entity: '${entity.slice(0, 100)}'. Expected user-ADDRESS, group-ADDRESS, domain-DOMAIN, ` +
      'project-owners|editors|viewers-PROJECT, allUsers or allAuthenticatedUsers.';
    throw invalid('entity', message);
  }
  return entity.startsWith('all') ? entity : entity.toLowerCase();
}

export function checkedRole(role: string, kind: ListKind): Role {
  const found = ROLES[kind].find((known) => known === role);
  if (found !== undefined) return found;
  throw invalid('role', `Invalid role: '${role.slice(0, 100)}'. A list of this kind has ${ROLES[kind].join(', ')}.`);
}

/** A list as a client gave it. */
export function checkedList(given: readonly { entity: string; role: string }[], kind: ListKind): AccessList {
  const list = given.map(({ entity, role }) => ({ entity: checkedEntity(entity), role: checkedRole(role, kind) }));
  if (new Set(list.map(({ entity }) => entity)).size < list.length) {
    throw invalid('acl', 'An access control list has one entry for an entity at most.');
  }
  return withinLimits(list);
}

function withinLimits(list: AccessList): AccessList {
  if (list.length > GRANTS_MAX) {
    throw invalid('acl', `An access control list has at most ${GRANTS_MAX} entries, not ${list.length}.`);
  }
  const bytes = list.reduce((sum, { entity }) => sum + utf8Length(entity), 0);
  if (bytes > ENTITY_BYTES_MAX) {
    throw invalid('acl', `The entities of an access control list have at most ${ENTITY_BYTES_MAX} bytes together.`);
  }
  return list;
}

export const userEntity = (email: string): string => `user-${email}`;
export const SITE_OWNER = userEntity(SITE_PRINCIPAL.email);
export const projectOwners = (project: string): string => `project-owners-${project}`;

const grant = (entity: string, role: Role): Grant => ({ entity, role });

/** Everyone of the project by their team. Editors own what is in their project, as at GCS. */
function projectTeams(project: string): AccessList {
  return [
    grant(projectOwners(project), 'OWNER'),
    grant(`project-editors-${project}`, 'OWNER'),
    grant(`project-viewers-${project}`, 'READER'),
  ];
}

export function predefinedBucketAcl(name: PredefinedAcl, project: string): AccessList {
  const owners = grant(projectOwners(project), 'OWNER');
  switch (name) {
    case 'private':
      return [owners];
    case 'projectPrivate':
      return projectTeams(project);
    case 'authenticatedRead':
      return [owners, grant('allAuthenticatedUsers', 'READER')];
    case 'publicRead':
      return [owners, grant('allUsers', 'READER')];
    case 'publicReadWrite':
      return [owners, grant('allUsers', 'WRITER')];
    default:
      throw invalid('predefinedAcl', `${name} is not for buckets.`);
  }
}

/** Without the entry of the object's owner, which `withOwner` adds. */
export function predefinedObjectAcl(name: PredefinedAcl, project: string): AccessList {
  switch (name) {
    case 'private':
      return [];
    case 'projectPrivate':
      return projectTeams(project);
    case 'bucketOwnerFullControl':
      return [grant(projectOwners(project), 'OWNER')];
    case 'bucketOwnerRead':
      return [grant(projectOwners(project), 'READER')];
    case 'authenticatedRead':
      return [grant('allAuthenticatedUsers', 'READER')];
    case 'publicRead':
      return [grant('allUsers', 'READER')];
    default:
      throw invalid('predefinedAcl', `${name} is not for objects.`);
  }
}

/** The owner keeps OWNER, whatever a list says. */
export function withOwner(list: AccessList, owner: string): AccessList {
  if (list.some(({ entity, role }) => entity === owner && role === 'OWNER')) return list;
  return withinLimits([...list.filter(({ entity }) => entity !== owner), grant(owner, 'OWNER')]);
}

/** One entry's change, as the methods of access controls make it. */
export type GrantChange =
  | { readonly kind: 'insert'; readonly entity: string; readonly role: string }
  /** Of an entry that is there; without a role it stays as it is. */
  | { readonly kind: 'change'; readonly entity: string; readonly role?: string }
  /** Makes the entry, when it is not there. */
  | { readonly kind: 'replace'; readonly entity: string; readonly role: string }
  | { readonly kind: 'remove'; readonly entity: string };

/** `owner`, when there is one, cannot lose OWNER. `notFound` when the entry to change or remove is not there. */
export function changedList(
  list: AccessList,
  change: GrantChange,
  { kind, owner }: { readonly kind: ListKind; readonly owner?: string },
): AccessList {
  const entity = checkedEntity(change.entity);
  const before = list.find((one) => one.entity === entity);
  const mustExist = change.kind === 'change' || change.kind === 'remove';
  if (mustExist && before === undefined) throw noSuchGrant(entity);
  const given = change.kind === 'remove' ? undefined : change.role;
  const role = given === undefined ? before?.role : checkedRole(given, kind);
  const after = change.kind === 'remove' ? undefined : role;
  if (entity === owner && after !== 'OWNER') {
    throw invalid('entity', `The owner, ${entity}, must keep the role OWNER.`);
  }
  if (after === undefined) return list.filter((one) => one !== before);
  if (before === undefined) return withinLimits([...list, grant(entity, after)]);
  return list.map((one) => (one === before ? grant(entity, after) : one));
}

export function grantOf(list: AccessList, given: string): Grant {
  const entity = checkedEntity(given);
  const found = list.find((one) => one.entity === entity);
  if (found === undefined) throw noSuchGrant(entity);
  return found;
}

export function isSameList(one: AccessList, other: AccessList): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ entity, role }, index) => entity === other[index]?.entity && role === other[index]?.role);
}

export function isPublic({ entity }: Grant): boolean {
  return entity === 'allUsers' || entity === 'allAuthenticatedUsers';
}

function noSuchGrant(entity: string): StraitError<'notFound'> {
  return new StraitError('notFound', `The specified access control entry was not found: ${entity}`, {
    what: 'access control entry',
  });
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
