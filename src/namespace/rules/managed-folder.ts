import { StraitError } from '../../model/errors.ts';
import type { ManagedFolder } from '../../model/managed-folder.ts';
import type { Policy } from '../../model/policy.ts';
import { objectNameProblem, utf8Length } from './names.ts';

/** What managed folders may be called and hold (https://cloud.google.com/storage/docs/managed-folders). */

const DEPTH_MAX = 15;
const CACHE_POLICIES_BYTES_MAX = 8 * 1024;

/** A name as folders are stored: the slash at its end may be left out. */
export function managedFolderName(given: string): string {
  return given.endsWith('/') ? given : `${given}/`;
}

export function assertManagedFolderName(name: string): void {
  const problem = managedFolderNameProblem(name);
  if (problem !== undefined) throw invalid('name', problem);
}

/** Why `name` cannot name a managed folder; undefined when it can. */
export function managedFolderNameProblem(name: string): string | undefined {
  const levels = name.replace(/^\/|\/$/g, '').split('/');
  if (levels.includes('')) return 'a managed folder name has single slashes between names that are not empty';
  if (levels.length > DEPTH_MAX) return `a managed folder lies ${DEPTH_MAX} levels deep at most, not ${levels.length}`;
  return levels.length === 1 && /^\.{1,2}$/.test(levels[0] ?? '')
    ? `a managed folder must not be named '${levels[0]}'`
    : objectNameProblem(name)?.replace('an object', 'a managed folder');
}

export function assertCachePolicies({ cachePolicies }: ManagedFolder): void {
  const bytes = utf8Length(JSON.stringify([...cachePolicies]));
  if (bytes <= CACHE_POLICIES_BYTES_MAX) return;
  const message = `The rapid cache configuration of a managed folder has at most ${CACHE_POLICIES_BYTES_MAX} bytes.`;
  throw invalid('rapidCacheConfig', message);
}

/** Roles that reach beyond objects mean nothing below a bucket. */
export function assertRolesOfFolders(policy: Policy): void {
  const index = policy.findIndex(({ role }) => role.startsWith('roles/storage.legacyBucket'));
  if (index === -1) return;
  const message = `Role ${policy[index]?.role} is not supported for this resource.`;
  throw invalid(`bindings[${index}].role`, message);
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
