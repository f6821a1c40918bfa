import {
  collectDeltaActions,
  DELTA_HINT,
  DELTA_LOG,
  type DeltaActions,
  type DeltaFile,
  type DeltaHint,
  DeltaState,
  deltaCommitName,
  parseDeltaHint,
  parseDeltaJson,
  parseDeltaLogName,
} from './delta-log.ts';
import { readParquetRows } from './parquet.ts';
import { BrokenLogError, MissingFileError, parsing, type TableSource } from './source.ts';

/** A Delta table as a reader sees it at its newest version. */
export interface DeltaSnapshot {
  readonly format: 'delta';
  readonly version: number;
  readonly files: readonly DeltaFile[];
  /** Change data files that the newest version names. */
  readonly changeData: readonly string[];
  /** Log files that were read to get here. */
  readonly control: readonly string[];
  readonly hint: DeltaHint | undefined;
}

interface LogListing {
  readonly commits: ReadonlySet<number>;
  /** Names of each checkpoint, by version and form. */
  readonly checkpoints: ReadonlyMap<number, readonly CheckpointFiles[]>;
}

interface CheckpointFiles {
  readonly parts: number;
  readonly names: readonly string[];
}

/**
 * Opens the newest version: the hint first (so that the listing is newer than it), then the listing; the newest
 * complete checkpoint, then every commit above it. Throws `BrokenLogError` when the log has a hole above the
 * checkpoint, a checkpoint lacks a part, or the hint names a checkpoint that is not there. `at` opens an older version.
 */
export async function openDelta(source: TableSource, root: string, at?: number): Promise<DeltaSnapshot | undefined> {
  const hint = at === undefined ? await readHint(source) : undefined;
  const names = await source.list(DELTA_LOG);
  const listing = readListing(names.filter((name) => (parseDeltaLogName(name)?.version ?? 0) <= (at ?? Infinity)));
  if (hint !== undefined) requireHinted(hint, listing);
  if (listing.commits.size === 0 && listing.checkpoints.size === 0) return undefined;
  const checkpoint = newestCheckpoint(listing);
  const state = new DeltaState();
  const control: string[] = [];
  if (checkpoint !== undefined) control.push(...(await applyCheckpoint(source, root, checkpoint.files, state)));
  const newest = Math.max(checkpoint?.version ?? 0, ...listing.commits);
  let changeData: readonly string[] = [];
  for (let version = checkpoint === undefined ? 0 : checkpoint.version + 1; version <= newest; version += 1) {
    const name = deltaCommitName(version);
    if (!listing.commits.has(version)) throw new BrokenLogError(name, 'the log has a hole here');
    const actions = await readCommit(source, root, name);
    state.apply(actions);
    changeData = actions.changeData;
    control.push(name);
  }
  return { format: 'delta', version: newest, files: state.files(), changeData, control, hint };
}

async function readHint(source: TableSource): Promise<DeltaHint | undefined> {
  try {
    const bytes = await source.read(DELTA_HINT);
    return await parsing(DELTA_HINT, () => parseDeltaHint(bytes));
  } catch (error) {
    if (error instanceof MissingFileError) return undefined;
    throw error;
  }
}

function readListing(names: readonly string[]): LogListing {
  const commits = new Set<number>();
  const checkpoints = new Map<number, CheckpointFiles[]>();
  const multipart = new Map<string, Map<number, string>>();
  for (const name of names) {
    const parsed = parseDeltaLogName(name);
    if (parsed?.kind === 'commit') commits.add(parsed.version);
    if (parsed?.kind !== 'checkpoint') continue;
    if (parsed.parts === 1) {
      checkpoints.set(parsed.version, [...(checkpoints.get(parsed.version) ?? []), { parts: 1, names: [name] }]);
    } else {
      const key = `${parsed.version}/${parsed.parts}`;
      multipart.set(key, (multipart.get(key) ?? new Map<number, string>()).set(parsed.part, name));
    }
  }
  const incomplete: { version: number; name: string; message: string }[] = [];
  for (const [key, parts] of multipart) {
    const [version = 0, count = 0] = key.split('/').map(Number);
    const sorted = [...parts].sort(([one], [other]) => one - other).map(([, name]) => name);
    if (sorted.length === count) {
      checkpoints.set(version, [...(checkpoints.get(version) ?? []), { parts: count, names: sorted }]);
    } else {
      const message = `only ${sorted.length} of ${count} checkpoint parts are there`;
      incomplete.push({ version, name: sorted[0] ?? DELTA_LOG, message });
    }
  }
  // An incomplete set below a complete checkpoint is one being cleaned away; at or above it, a part is missing.
  const newest = Math.max(-1, ...checkpoints.keys());
  const broken = incomplete.find((set) => set.version >= newest);
  if (broken !== undefined) throw new BrokenLogError(broken.name, broken.message);
  return { commits, checkpoints };
}

function requireHinted(hint: DeltaHint, listing: LogListing): void {
  const forms = listing.checkpoints.get(hint.version) ?? [];
  const found = forms.some(
    (form) => form.parts === hint.parts && (hint.file === undefined || form.names.includes(`${DELTA_LOG}${hint.file}`)),
  );
  if (!found) throw new BrokenLogError(DELTA_HINT, `names checkpoint ${hint.version}, which is not there`);
}

function newestCheckpoint(listing: LogListing): { version: number; files: CheckpointFiles } | undefined {
  const version = Math.max(-1, ...listing.checkpoints.keys());
  const files = listing.checkpoints.get(version)?.[0];
  return files === undefined ? undefined : { version, files };
}

async function applyCheckpoint(
  source: TableSource,
  root: string,
  files: CheckpointFiles,
  state: DeltaState,
): Promise<readonly string[]> {
  const control: string[] = [...files.names];
  for (const name of files.names) {
    const actions = await readCheckpointFile(source, root, name);
    state.apply(actions);
    for (const sidecar of actions.sidecars) {
      control.push(sidecar);
      state.apply({ ...(await readCheckpointFile(source, root, sidecar)), removes: [] });
    }
  }
  return control;
}

/** A checkpoint's `remove` actions are tombstones for vacuum: they take nothing from the live set. */
export async function readCheckpointFile(source: TableSource, root: string, name: string): Promise<DeltaActions> {
  const bytes = await source.read(name);
  return await parsing(name, async () => {
    if (name.endsWith('.json')) return { ...parseDeltaJson(bytes, root), removes: [] };
    return { ...collectDeltaActions(await readParquetRows(bytes), root), removes: [] };
  });
}

async function readCommit(source: TableSource, root: string, name: string): Promise<DeltaActions> {
  const bytes = await source.read(name);
  return await parsing(name, () => parseDeltaJson(bytes, root));
}
