/** Access lists as rows hold them: entity, letter of the role, entity, letter, … */
import type { AccessList, Grant, Role } from '../../model/access-list.ts';

const LETTER: Readonly<Record<Role, string>> = { OWNER: 'O', WRITER: 'W', READER: 'R' };
const ROLE = new Map(Object.entries(LETTER).map(([role, letter]) => [letter, role as Role]));

export function storeAcl(list: AccessList): string[] {
  return list.flatMap(({ entity, role }) => [entity, LETTER[role]]);
}

export function loadAcl(stored: readonly string[]): AccessList {
  const list: Grant[] = [];
  for (let index = 0; index < stored.length; index += 2) {
    list.push({ entity: stored[index] ?? '', role: ROLE.get(stored[index + 1] ?? '') ?? 'READER' });
  }
  return list;
}

/** A list as rows once held it: word for word from the request. What is no entry of a list is left out. */
export function liftAcl(given: unknown): AccessList | undefined {
  if (!Array.isArray(given)) return undefined;
  const list: Grant[] = [];
  for (const { entity, role } of given.filter((one) => typeof one === 'object' && one !== null)) {
    if (typeof entity === 'string' && role in LETTER) list.push({ entity, role });
  }
  return list;
}
