/** Making a version visible: everything readers could misread changes in one transaction (docs/protocols/sync.md). */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { appliedState } from '../model/faces.ts';
import type { ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import { encodeRow } from '../namespace/rows/codec.ts';
import { encodeJournal, type JournalRecord } from '../namespace/rows/journal.ts';
import {
  allSets,
  memberPlaceOf,
  membersOf,
  objectKey,
  setIdOf,
  setKey,
  setMemberKey,
  tableKey,
} from '../namespace/rows/keys.ts';
import { unchanged } from '../namespace/rows/references.ts';
import { decodeSet, encodeSet, encodeTable, type SetRow, type TableRow } from '../namespace/rows/sync-rows.ts';
import { inBatches } from '../runtime/concurrency.ts';
import { randomHex } from '../runtime/random.ts';
import type { Append, Check, Row, Write } from '../stores/metadata/port.ts';
import type { FileRef, TableLocation, TableStep } from '../tables/port.ts';
import type { SyncDeps } from './deps.ts';
import {
  changeRow,
  differs,
  followedRow,
  mergeChanges,
  packChanges,
  publishedFaces,
  type ReadRow,
  type RowChange,
  readRows,
} from './faces.ts';
import type { WholeStep } from './gather.ts';

/** Names changed by one transaction: with references and backlog well below the port's limit of writes. */
export const NAMES_PER_COMMIT = 150;
/** Names read together where each is published by itself. */
export const NAMES_PER_BATCH = 400;
const NAME_BYTES_PER_ENTRY = 24 * 1024;
const ATTEMPTS_MAX = 20;

export interface PublishInput {
  readonly bucket: Bucket;
  readonly location: TableLocation;
  readonly step: TableStep;
  readonly whole: WholeStep;
  /** The table row as it was read, and as it will be. */
  readonly table: { readonly row: Row | undefined; readonly next: TableRow };
  readonly sourceMs: number;
}

/** `changed`: a fact came between gathering and publishing; nothing of the version is visible; look again. */
export type PublishOutcome = 'published' | 'changed';

export async function publishVersion(deps: SyncDeps, input: PublishInput): Promise<PublishOutcome> {
  const { control, overwritten, removed, added } = input.whole;
  const isDirectory = input.location.format === 'directory';
  const together = [...overwritten.keys(), ...removed, ...control.keys()];
  if (together.length + added.count <= NAMES_PER_COMMIT) {
    return publishTogether(deps, input, [...added.names.keys(), ...together]);
  }
  if (isDirectory) return publishStaged(deps, input, dataThen(input, together));
  if (!(await addData(deps, input))) return 'changed';
  if (together.length <= NAMES_PER_COMMIT) return publishTogether(deps, input, together);
  return publishStaged(deps, input, together);
}

/** Every name of a directory, so that its listing changes at one instant. */
async function* dataThen(input: PublishInput, together: readonly ObjectName[]): AsyncGenerator<ObjectName> {
  for await (const { name } of input.step.closure()) yield name;
  yield* together;
}

async function publishTogether(
  deps: SyncDeps,
  input: PublishInput,
  names: readonly ObjectName[],
): Promise<PublishOutcome> {
  const rows = await readRows(deps.metadata, input.bucket.id, names);
  const removed = new Set(input.whole.removed);
  const nowMs = deps.clock.nowMs();
  const changes: RowChange[] = [];
  for (const read of rows) {
    if (!isAsGathered(read, input.whole, removed)) return 'changed';
    if (read.faces === undefined || !differs(read.faces)) continue;
    changes.push(changeRow(read, publishedFaces(read.faces), { backlog: undefined, nowMs }));
  }
  deps.crashPoints.reach('sync.before-publish');
  const { checks, writes } = mergeChanges(changes);
  const outcome = await commitVersion(deps, input, { checks, writes, names });
  if (outcome === 'published') deps.crashPoints.reach('sync.after-publish');
  return outcome;
}

/** Whether a row still is what was gathered: a fact that came between is gathered again, never published unseen. */
function isAsGathered(read: ReadRow, whole: WholeStep, removed: ReadonlySet<ObjectName>): boolean {
  const name = read.place.leaf;
  const state = read.faces === undefined ? undefined : appliedState(read.faces);
  if (removed.has(name)) return state === undefined;
  const gathered = whole.control.get(name) ?? whole.overwritten.get(name) ?? whole.added.names.get(name);
  if (state === undefined || (gathered !== undefined && gathered !== state.generation)) return false;
  return !whole.control.has(name) || state.content.kind === 'local';
}

/** The transaction that moves the cursor. Checks the table row: of two publishers one fails. */
async function commitVersion(
  deps: SyncDeps,
  input: PublishInput,
  change: {
    readonly checks: readonly Check[];
    readonly writes: readonly Write[];
    readonly names: readonly ObjectName[];
    readonly setId?: string;
  },
): Promise<PublishOutcome> {
  const key = tableKey(input.bucket.id, input.location.prefix);
  const timeMs = deps.clock.nowMs();
  const { version } = input.step;
  const record: JournalRecord = {
    op: 'publish',
    bucket: input.bucket.name,
    table: input.location.prefix,
    version: version.cursor.label,
    kind: version.kind,
    names: change.names.length,
    sourceMs: input.sourceMs,
    timeMs,
    ...(change.setId === undefined ? {} : { setId: change.setId }),
  };
  const outcome = await deps.metadata.commit({
    checks: [unchanged(key, input.table.row), ...change.checks],
    writes: [...change.writes, { kind: 'put', key, value: encodeTable({ ...input.table.next, publishedMs: timeMs }) }],
    appends: [
      ...nameEntries(input.bucket, 'add', { names: change.names, timeMs }),
      { journal: input.bucket.scopeId, value: encodeJournal(record) },
    ],
  });
  return outcome.kind === 'committed' ? 'published' : 'changed';
}

/** Journal entries that name names, cut so that each fits in a row. */
export function nameEntries(
  bucket: Bucket,
  op: 'add' | 'loose' | 'retire' | 'stage',
  what: { readonly names: readonly ObjectName[]; readonly timeMs: number },
): Append[] {
  const entries: Append[] = [];
  let names: ObjectName[] = [];
  let bytes = 0;
  const flush = () => {
    if (names.length === 0) return;
    const record: JournalRecord = { op, bucket: bucket.name, names, timeMs: what.timeMs };
    entries.push({ journal: bucket.scopeId, value: encodeJournal(record) });
    names = [];
    bytes = 0;
  };
  for (const name of what.names) {
    const length = Buffer.byteLength(name) + 5;
    if (bytes + length > NAME_BYTES_PER_ENTRY) flush();
    names.push(name);
    bytes += length;
  }
  flush();
  return entries;
}

/**
 * New data names, before the commit that reaches them: no reader knows them yet. False when one of them has gone since
 * it was gathered, which may be long ago.
 */
async function addData(deps: SyncDeps, input: PublishInput): Promise<boolean> {
  const { control, overwritten } = input.whole;
  for await (const batch of inBatches(input.step.closure(), NAMES_PER_BATCH)) {
    const others = batch.filter(({ name }) => !control.has(name) && !overwritten.has(name));
    // Of refs that repeat a name the last counts, as it did in gathering.
    const refs = new Map(others.map((ref) => [ref.name, ref]));
    const names = [...refs.keys()];
    await publishNames(deps, input.bucket, {
      names,
      op: 'add',
      isWanted: ({ faces }) => faces !== undefined && faces.published === undefined && differs(faces),
    });
    deps.crashPoints.reach('sync.after-stage-batch');
    const rows = await readRows(deps.metadata, input.bucket.id, names);
    const shown = new Map(rows.map(({ place, faces }) => [place.leaf, faces?.published]));
    if (![...refs.values()].every((ref) => ref.history === true || isAsStated(ref, shown.get(ref.name)))) return false;
  }
  return true;
}

const isAsStated = (ref: FileRef, state: ObjectState | undefined): boolean =>
  state !== undefined && (ref.size === undefined || ref.size === state.size);

/** Publishes names one by one, as far as `isWanted` says when their rows are read. */
export async function publishNames(
  deps: SyncDeps,
  bucket: Bucket,
  input: {
    readonly names: readonly ObjectName[];
    readonly op: 'add' | 'loose' | 'retire';
    readonly isWanted: (read: ReadRow) => boolean;
  },
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const rows = (await readRows(deps.metadata, bucket.id, input.names)).filter(input.isWanted);
    const timeMs = deps.clock.nowMs();
    const changes = rows.map((read) => {
      const next = read.faces === undefined ? undefined : publishedFaces(read.faces);
      return { ...changeRow(read, next, { backlog: undefined, nowMs: timeMs }), name: read.place.leaf };
    });
    let isWhole = true;
    for (const group of packChanges(changes)) {
      const { checks, writes } = mergeChanges(group);
      const appends = nameEntries(bucket, input.op, { names: group.map(({ name }) => name), timeMs });
      isWhole = (await deps.metadata.commit({ checks, writes, appends })).kind === 'committed';
      if (!isWhole) break;
    }
    if (isWhole) return;
  }
  throw new StraitError('unavailable', `rows of gs://${bucket.name} keep changing`, {});
}

async function publishStaged(
  deps: SyncDeps,
  input: PublishInput,
  names: Iterable<ObjectName> | AsyncIterable<ObjectName>,
): Promise<PublishOutcome> {
  const setId = randomHex(deps.random, 8);
  const set: SetRow = { bucketId: input.bucket.id, table: input.location.prefix, state: 'staging' };
  const key = setKey(setId);
  await deps.metadata.commit({
    checks: [{ kind: 'absent', key }],
    writes: [{ kind: 'put', key, value: encodeSet(set) }],
  });
  const removed = new Set(input.whole.removed);
  for await (const batch of inBatches(names, NAMES_PER_COMMIT)) {
    if (!(await stageBatch(deps, input, { setId, names: [...new Set(batch)], removed }))) {
      await dropSet(deps, input.bucket, setId);
      return 'changed';
    }
    deps.crashPoints.reach('sync.after-stage-batch');
  }
  const [row] = await deps.metadata.get([key]);
  if (row === undefined || decodeSet(row.value).state !== 'staging') {
    await dropSet(deps, input.bucket, setId);
    return 'changed';
  }
  deps.crashPoints.reach('sync.before-publish');
  const outcome = await commitVersion(deps, input, {
    checks: [unchanged(key, row)],
    writes: [{ kind: 'put', key, value: encodeSet({ ...set, state: 'flipped' }) }],
    names: [],
    setId,
  });
  if (outcome === 'changed') {
    await dropSet(deps, input.bucket, setId);
    return 'changed';
  }
  deps.crashPoints.reach('sync.after-flip');
  await foldSet(deps, input.bucket, setId);
  return 'published';
}

/** Puts a batch of rows into a set, hidden. False when a name is not as it was gathered. */
async function stageBatch(
  deps: SyncDeps,
  input: PublishInput,
  batch: { readonly setId: string; readonly names: readonly ObjectName[]; readonly removed: ReadonlySet<ObjectName> },
): Promise<boolean> {
  const { bucket } = input;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const checks: Check[] = [];
    const writes: Write[] = [];
    const names: ObjectName[] = [];
    for (const read of await readRows(deps.metadata, bucket.id, batch.names)) {
      if (!isAsGathered(read, input.whole, batch.removed)) return false;
      const { place, row, faces } = read;
      if (faces === undefined || !differs(faces) || faces.setId === batch.setId) continue;
      const key = objectKey(place);
      checks.push(unchanged(key, row));
      writes.push(followedRow(place, { ...faces, setId: batch.setId }));
      writes.push({ kind: 'put', key: setMemberKey(batch.setId, place), value: encodeRow(0) });
      names.push(place.leaf);
    }
    if (names.length === 0) return true;
    const appends = nameEntries(bucket, 'stage', { names, timeMs: deps.clock.nowMs() });
    const outcome = await deps.metadata.commit({ checks, writes, appends });
    if (outcome.kind === 'committed') return true;
  }
  return false;
}

/** Ends a set: flipped members become published rows, members of any other set just leave it. Idempotent. */
async function finishSet(
  deps: SyncDeps,
  bucket: Bucket,
  finish: { readonly setId: string; readonly isFlipped: boolean },
): Promise<void> {
  const { setId, isFlipped } = finish;
  for (;;) {
    const members = await deps.metadata.scan(membersOf(setId), { limit: NAMES_PER_COMMIT });
    if (members.length === 0) break;
    const places = members.map(({ key }) => memberPlaceOf(key, bucket.id));
    const rows = await readRows(
      deps.metadata,
      bucket.id,
      places.map(({ leaf }) => leaf),
    );
    const changes = rows.flatMap((read): RowChange[] => {
      if (read.faces === undefined || read.faces.setId !== setId) return [];
      const { setId: _left, ...staying } = read.faces;
      if (!isFlipped) return [changeRow(read, staying, { backlog: {}, nowMs: deps.clock.nowMs() })];
      return [changeRow(read, publishedFaces(read.faces), { backlog: undefined, nowMs: deps.clock.nowMs() })];
    });
    const { checks, writes } = mergeChanges(changes);
    const gone = places.map((place): Write => ({ kind: 'delete', key: setMemberKey(setId, place) }));
    const outcome = await deps.metadata.commit({ checks, writes: [...writes, ...gone] });
    if (outcome.kind === 'committed') deps.crashPoints.reach('sync.after-fold-batch');
  }
  await deps.metadata.commit({
    checks: [{ kind: 'rangeEmpty', range: membersOf(setId) }],
    writes: [{ kind: 'delete', key: setKey(setId) }],
  });
}

const foldSet = (deps: SyncDeps, bucket: Bucket, setId: string) => finishSet(deps, bucket, { setId, isFlipped: true });
const dropSet = (deps: SyncDeps, bucket: Bucket, setId: string) => finishSet(deps, bucket, { setId, isFlipped: false });

/** After a start or a failure: sets left behind, of one table or of all, are folded when flipped, dropped otherwise. */
export async function recoverSets(deps: SyncDeps, bucket: Bucket, location?: TableLocation): Promise<void> {
  for (const row of await deps.metadata.scan(allSets(), { limit: 1000 })) {
    const set = decodeSet(row.value);
    if (set.bucketId !== bucket.id || (location !== undefined && set.table !== location.prefix)) continue;
    await finishSet(deps, bucket, { setId: setIdOf(row.key), isFlipped: set.state === 'flipped' });
  }
}
