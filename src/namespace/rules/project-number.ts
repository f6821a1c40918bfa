/** Numbers of twelve digits, as those of projects are. */
const FIRST = 100_000_000_000n;
const COUNT = 900_000_000_000n;
const FNV = { start: 0xcbf29ce484222325n, prime: 0x100000001b3n } as const;

/**
 * The number of a project. One that is named by its number has that; of an id it is derived (FNV-1a), so that every
 * site tells the same without asking anyone. It names and does not authorise: two ids may, rarely, come to one number.
 */
export function projectNumber(project: string): string {
  if (isNumber(project)) return project;
  let hash: bigint = FNV.start;
  for (const byte of Buffer.from(project)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV.prime);
  return String(FIRST + (hash % COUNT));
}

/** Whether two names are of one project: the same, or its id and its number. */
export function isSameProject(one: string, other: string): boolean {
  if (one === other) return true;
  return isNumber(one) !== isNumber(other) && projectNumber(one) === projectNumber(other);
}

function isNumber(project: string): boolean {
  return /^[1-9]\d{0,18}$/.test(project);
}
