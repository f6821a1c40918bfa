/** Managed folders at a folder's name and below it. They are names, not rows in the folder: these go along with it. */
import type { Bucket } from '../../model/bucket.ts';
import { StraitError } from '../../model/errors.ts';
import {
  type Append,
  type Check,
  type KeyRange,
  LIMITS,
  type MetadataView,
  type Row,
  type Write,
} from '../../stores/metadata/port.ts';
import { folderEntry } from '../rows/journal.ts';
import { justAfter, managedFolderKey, managedFolderNameOf, managedFoldersFrom } from '../rows/keys.ts';
import { decodeManagedFolder } from '../rows/managed-folder-row.ts';
import { policyWrites, readPolicy } from '../rows/policy-rows.ts';
import { managedFolderNameProblem } from '../rules/managed-folder.ts';

/** To go into one transaction with the change of the folder. */
export interface ManagedFolderChange {
  readonly checks: readonly Check[];
  readonly writes: readonly Write[];
  readonly appends: readonly Append[];
}

/** Each takes two writes and twice its row at most, beside what the rename itself writes. */
const RENAMED_MAX = 300;

/** The rows get other names; policies refer to ids. `conflict` where there are too many, or some are in the way. */
export async function renamedManagedFolders(
  view: MetadataView,
  bucket: Bucket,
  { source, destination }: { readonly source: string; readonly destination: string },
): Promise<ManagedFolderChange> {
  const [from, to] = [managedFoldersFrom(bucket.id, source), managedFoldersFrom(bucket.id, destination)];
  const rows = await view.scan(from, { limit: RENAMED_MAX + 1 });
  if (rows.length > RENAMED_MAX) throw conflict(`${source} has more than ${RENAMED_MAX} managed folders to rename`);
  const [taken] = await view.scan(to, { limit: 1 });
  if (taken !== undefined) throw conflict(`there is a managed folder ${managedFolderNameOf(taken.key)}`);
  const writes = rows.flatMap((row): Write[] => {
    const name = destination + managedFolderNameOf(row.key).slice(source.length);
    const problem = managedFolderNameProblem(name);
    if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'destinationFolder' });
    return [
      { kind: 'delete', key: row.key },
      { kind: 'put', key: managedFolderKey(bucket.id, name), value: row.value },
    ];
  });
  return { checks: [...onlyThese(from, rows), { kind: 'rangeEmpty', range: to }], writes, appends: [] };
}

/** The folder's own goes, if it has one. `conflict` when there are others below. */
export async function ownManagedFolderDeleted(
  view: MetadataView,
  bucket: Bucket,
  at: { readonly name: string; readonly timeMs: number },
): Promise<ManagedFolderChange> {
  const range = managedFoldersFrom(bucket.id, at.name);
  const rows = await view.scan(range, { limit: 2 });
  const below = rows.map(({ key }) => managedFolderNameOf(key)).find((name) => name !== at.name);
  if (below !== undefined) throw conflict(`there is a managed folder ${below}`);
  return deleted(view, bucket, { range, rows, timeMs: at.timeMs });
}

/** A policy has 12 parts at most. */
const DELETED_PER_STEP = Math.floor(LIMITS.writesPerCommitMax / 20);

/** The first of them, or undefined when there are none. */
export async function firstManagedFoldersDeleted(
  view: MetadataView,
  bucket: Bucket,
  at: { readonly name: string; readonly timeMs: number },
): Promise<ManagedFolderChange | undefined> {
  const { start, end } = managedFoldersFrom(bucket.id, at.name);
  const rows = await view.scan({ start, end }, { limit: DELETED_PER_STEP });
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  return deleted(view, bucket, { range: { start, end: justAfter(last.key) }, rows, timeMs: at.timeMs });
}

interface Deletion {
  readonly range: KeyRange;
  readonly rows: readonly Row[];
  readonly timeMs: number;
}

async function deleted(view: MetadataView, bucket: Bucket, deletion: Deletion): Promise<ManagedFolderChange> {
  const writes: Write[] = [];
  const appends: Append[] = [];
  for (const { key, value } of deletion.rows) {
    const folder = decodeManagedFolder(value, { bucket: bucket.name, name: managedFolderNameOf(key) });
    const place = { bucketId: bucket.id, holder: folder.id };
    const { parts } = await readPolicy(view, place);
    writes.push({ kind: 'delete', key }, ...policyWrites(place, [], parts));
    const { timeMs } = deletion;
    appends.push(folderEntry(bucket, { op: 'managedFolderDelete', name: folder.name, timeMs }));
  }
  return { checks: onlyThese(deletion.range, deletion.rows), writes, appends };
}

/** That the range has these rows as they were read, and no others. */
function onlyThese(range: KeyRange, rows: readonly Row[]): readonly Check[] {
  const starts = [range.start, ...rows.map(({ key }) => justAfter(key))];
  const gaps = starts.map((start, index) => ({ start, end: rows[index]?.key ?? range.end }));
  return [
    ...rows.map(({ key, version }) => ({ kind: 'version' as const, key, version })),
    ...gaps
      .filter(({ start, end }) => Buffer.compare(start, end) < 0)
      .map((gap) => ({ kind: 'rangeEmpty' as const, range: gap })),
  ];
}

function conflict(reason: string): StraitError<'conflict'> {
  return new StraitError('conflict', `The folder stays as it is: ${reason}.`, { what: 'folder' });
}
