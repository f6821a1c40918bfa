/** What is left in the backlog after the versions: loose names, strays, and names the source has deleted. */
import { appliedState } from '../model/faces.ts';
import type { Generation, ObjectName } from '../model/ids.ts';
import { backlogKey, backlogOf, flatPlace, leafOf, objectKey } from '../namespace/rows/keys.ts';
import { unchanged } from '../namespace/rows/references.ts';
import { type BacklogRow, decodeBacklog, encodeBacklog } from '../namespace/rows/sync-rows.ts';
import { forEachBounded, inBatches } from '../runtime/concurrency.ts';
import type { Row } from '../stores/metadata/port.ts';
import type { TableFiles } from '../tables/port.ts';
import type { BucketSync } from './bucket-sync.ts';
import { afterNames, changeRow, mergeChanges, packChanges, type ReadRow, readRows } from './faces.ts';
import { NAMES_PER_BATCH, nameEntries, publishNames } from './publish.ts';
import { isLoose } from './rules/choose-version.ts';
import type { TableSync } from './table-sync.ts';
import { isSourceBroken } from './transfer.ts';

/** One backlog entry with its row. */
interface Item {
  readonly read: ReadRow;
  readonly backlog: BacklogRow;
}

/** A name of a table that may be listed by itself, as it was when it was judged. */
interface Candidate {
  readonly name: ObjectName;
  readonly generation: Generation;
  readonly updatedMs: number;
  readonly isControl: boolean;
}

/** Judged together, since each time the closure of the versions to come is walked for them. */
const CANDIDATES_PER_WALK = 20_000;

/** The backlog below a prefix, in batches: names of `mine`, or of no table; names of other tables are jumped over. */
export async function* backlogItems(
  owner: BucketSync,
  prefix: ObjectName,
  mine: TableSync | undefined,
): AsyncGenerator<Item[]> {
  const whole = backlogOf(owner.bucket.id);
  const after = afterNames(prefix);
  const end = after === undefined ? whole.end : backlogKey(flatPlace(owner.bucket.id, after));
  let start = prefix === '' ? whole.start : backlogKey(flatPlace(owner.bucket.id, prefix));
  for (;;) {
    const rows = await owner.deps.metadata.scan({ start, end }, { limit: NAMES_PER_BATCH });
    const last = rows.at(-1);
    if (last === undefined) return;
    const items: Row[] = [];
    let other: TableSync | undefined;
    for (const row of rows) {
      const table = owner.tableOf(leafOf('backlog', row.key));
      if (table !== mine) other = table;
      if (other !== undefined) break;
      items.push(row);
    }
    if (items.length > 0) yield await withRows(owner, items);
    const next = other === undefined ? `${leafOf('backlog', last.key)}\0` : afterNames(other.location.prefix);
    // Nothing comes after the names of a table at the root of the bucket.
    if (next === undefined) return;
    start = backlogKey(flatPlace(owner.bucket.id, next));
  }
}

async function withRows(owner: BucketSync, backlog: readonly Row[]): Promise<Item[]> {
  const names = backlog.map(({ key }) => leafOf('backlog', key));
  const rows = await readRows(owner.deps.metadata, owner.bucket.id, names);
  return rows.flatMap((read, index) => {
    const row = backlog[index];
    return row === undefined ? [] : [{ read, backlog: decodeBacklog(row.value) }];
  });
}

/** Loose names, strays and deletes inside a table, after its versions. */
export async function settleTable(table: TableSync): Promise<void> {
  const { owner, location } = table;
  const vanished = once(async () => table.cursor !== undefined && (await hasVanished(table)));
  const isControl = ({ read }: Item) => table.format.isControl(location, read.place.leaf);
  let candidates: Candidate[] = [];
  let isDropped = false;
  let isDataLeft = false;
  let isControlGone = false;
  const removeReached = async (names: Set<ObjectName>) => {
    isDropped = await vanished();
    await removeLive(table, names, isDropped);
  };
  for await (const items of backlogItems(owner, location.prefix, table)) {
    await dropNeverListed(table, items);
    if (table.state !== 'unresolved') candidates.push(...items.flatMap(({ read }) => candidateOf(table, read) ?? []));
    const left = await retire(owner, items, { removeReached, mayGo: (item) => isDropped || !isControl(item) });
    isControlGone ||= left.some(isControl);
    isDataLeft ||= left.some((item) => !isControl(item));
    if (candidates.length < CANDIDATES_PER_WALK) continue;
    await listLoose(table, candidates, vanished);
    candidates = [];
  }
  if (isControlGone && !isDataLeft) await retireControl(table, { removeReached, mayGo: isControl });
  await listLoose(table, candidates, vanished);
  if (table.state === 'unresolved') await mirrorUnresolved(table);
  if (isDropped && !(await holdsControl(table, table.published))) await table.forget();
}

/**
 * Data that the source has deleted goes before control names it has deleted: an archived Hudi timeline no longer says
 * which files were replaced, and would bring back those that are still shown. So control names also wait for a full
 * listing that began after they were missed: what was deleted before them is known then.
 */
async function retireControl(table: TableSync, { removeReached, mayGo }: Retiring): Promise<void> {
  const { owner, location } = table;
  const listedMs = owner.listedMs ?? Number.NEGATIVE_INFINITY;
  const isListedSince = ({ backlog }: Item) =>
    listedMs + owner.settings.retireGraceMs >= (backlog.retireAtMs ?? Infinity);
  for await (const items of backlogItems(owner, location.prefix, table)) {
    await retire(owner, items, { removeReached, mayGo: (item) => mayGo(item) && isListedSince(item) });
  }
}

/** In the order an Iceberg writer uses, over the whole table: no metadata is listed before what it names. */
async function mirrorUnresolved(table: TableSync): Promise<void> {
  for (let rank = 0; rank <= PLAIN_LAST; rank += 1) {
    for await (const items of backlogItems(table.owner, table.location.prefix, table)) {
      await listPlain(
        table.owner,
        items.filter(({ read }) => plainRank(read.place.leaf) === rank),
      );
    }
  }
}

function once<T>(compute: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= compute();
    return result;
  };
}

/** A table whose control names are all gone at the source is being dropped, or rewritten in place. */
async function hasVanished(table: TableSync): Promise<boolean> {
  return !(await holdsControl(table, table.files));
}

async function holdsControl({ format, location }: TableSync, files: TableFiles): Promise<boolean> {
  for await (const { name } of files.list(location.prefix)) if (format.isControl(location, name)) return true;
  return false;
}

async function dropNeverListed(table: TableSync, items: readonly Item[]): Promise<void> {
  const never = items.filter(({ read }) => table.format.isNeverListed(table.location, read.place.leaf));
  if (never.length === 0) return;
  await table.deps.metadata.commit({
    checks: [],
    writes: never.map(({ read }) => ({ kind: 'delete', key: backlogKey(read.place) })),
  });
}

/** Data names no commit reaches, and control names the format calls strays: listed once they are loose. */
async function listLoose(
  table: TableSync,
  candidates: readonly Candidate[],
  vanished: () => Promise<boolean>,
): Promise<void> {
  const isRipe = ({ updatedMs }: Candidate, isClaimed: boolean) =>
    isLoose({
      updatedMs,
      publishedSourceMs: table.sourceMs,
      isClaimed,
      nowMs: table.deps.clock.nowMs(),
      looseAfterMs: table.settings.looseAfterMs,
    });
  const ripe = candidates.filter((candidate) => isRipe(candidate, false));
  if (ripe.length === 0 || (await vanished())) return;
  const claimed = await claimedNames(table, new Set(ripe.map(({ name }) => name)));
  const loose = ripe.filter((candidate) => isRipe(candidate, claimed.has(candidate.name)));
  for await (const batch of inBatches(loose, NAMES_PER_BATCH)) await listAsJudged(table.owner, batch);
}

/** A fact that came since a name was judged is judged anew, never listed unseen. */
async function listAsJudged(owner: BucketSync, batch: readonly Candidate[]): Promise<void> {
  const judged = new Map(batch.map((candidate) => [candidate.name, candidate]));
  const strays = batch.filter(({ isControl }) => isControl).map(({ name }) => name);
  const reads = await readRows(owner.deps.metadata, owner.bucket.id, strays);
  await fetchAll(
    owner,
    reads.map((read) => ({ read, backlog: {} })),
  );
  await publishNames(owner.deps, owner.bucket, {
    names: [...judged.keys()],
    op: 'loose',
    isWanted: ({ place, faces }) => {
      const candidate = judged.get(place.leaf);
      if (faces?.applied.kind !== 'state' || faces.setId !== undefined) return false;
      const { generation, content } = faces.applied.state;
      return generation === candidate?.generation && (!candidate.isControl || content.kind === 'local');
    },
  });
}

function candidateOf(table: TableSync, read: ReadRow): Candidate | undefined {
  const { format, location, cursor } = table;
  const name = read.place.leaf;
  const state = read.faces === undefined ? undefined : appliedState(read.faces);
  if (state === undefined || format.isNeverListed(location, name)) return undefined;
  const { generation, size, updatedMs } = state;
  const isControl = format.isControl(location, name);
  const isStray = () => cursor !== undefined && format.isStray(location, { name, generation, size, updatedMs }, cursor);
  const isShown = isGenerationShown(read) || (format.isByContent?.(location, name) === true && isContentShown(read));
  return !isControl || isShown || isStray() ? { name, generation, updatedMs, isControl } : undefined;
}

/** Whether readers see this very generation: its bytes cannot change, and other attributes mislead nobody. */
function isGenerationShown({ faces }: ReadRow): boolean {
  const shown = faces?.published;
  return shown !== undefined && shown.generation === (faces && appliedState(faces))?.generation;
}

/** Whether readers see the same bytes, under an older generation. */
function isContentShown({ faces }: ReadRow): boolean {
  const shown = faces?.published;
  const known = faces && appliedState(faces);
  return shown !== undefined && shown.size === known?.size && shown.crc32c === known.crc32c;
}

/** Which of these names the unpublished versions reach. All of them when that cannot be told. */
async function claimedNames(table: TableSync, names: ReadonlySet<ObjectName>): Promise<ReadonlySet<ObjectName>> {
  if (!table.hasLooked) return names;
  const newest = table.pending.at(-1);
  if (newest === undefined) return new Set();
  try {
    const step = await table.format.step(table.location, table.files, { from: table.cursor, to: newest });
    const claimed = new Set<ObjectName>();
    for await (const name of step.control()) if (names.has(name)) claimed.add(name);
    for await (const { name, unread } of step.closure()) {
      if (unread === true) return names;
      if (names.has(name)) claimed.add(name);
    }
    return claimed;
  } catch {
    return names;
  }
}

/** Names outside tables, and of tables that cannot be resolved: one by one, children before parents. */
export async function listPlain(owner: BucketSync, items: readonly Item[]): Promise<void> {
  const waiting = items
    .filter(({ read }) => read.faces !== undefined && appliedState(read.faces) !== undefined)
    .toSorted((left, right) => plainRank(left.read.place.leaf) - plainRank(right.read.place.leaf));
  await fetchAll(
    owner,
    waiting.filter(({ read }) => {
      const state = read.faces && appliedState(read.faces);
      return state !== undefined && owner.isLocalBeforeListed(read.place.leaf, state);
    }),
  );
  for (let rank = 0; rank <= PLAIN_LAST; rank += 1) {
    await publishFetched(
      owner,
      waiting.filter(({ read }) => plainRank(read.place.leaf) === rank),
    );
  }
}

const PLAIN_ORDER = [/\.avro$/, /\.metadata\.json$/, /version-hint/] as const;
const PLAIN_LAST = PLAIN_ORDER.length;

/** Data, then manifests, then metadata, then the hint: the order an Iceberg writer uses. */
function plainRank(name: ObjectName): number {
  return PLAIN_ORDER.findIndex((pattern) => pattern.test(name)) + 1;
}

async function fetchAll(owner: BucketSync, items: readonly Item[]): Promise<void> {
  await forEachBounded(items, owner.settings.transferConcurrency, async ({ read }) => {
    const state = read.faces === undefined ? undefined : appliedState(read.faces);
    if (state === undefined || state.content.kind === 'local') return;
    try {
      await owner.transfers.fetch(owner.bucket, read.place.leaf, state.generation);
    } catch (error) {
      // One bad object delays nobody else: it stays in the backlog and is tried again.
      owner.noteTrouble(read.place.leaf, error);
      if (isSourceBroken(error)) await owner.askNames([read.place.leaf]);
    }
  });
}

/** Of names that must be local, publishes those that are. */
async function publishFetched(owner: BucketSync, items: readonly Item[]): Promise<void> {
  const names = items.map(({ read }) => read.place.leaf);
  if (names.length === 0) return;
  await publishNames(owner.deps, owner.bucket, {
    names,
    op: 'loose',
    isWanted: ({ place, faces }) => {
      const state = faces === undefined ? undefined : appliedState(faces);
      if (state === undefined || faces?.setId !== undefined || faces?.applied.kind !== 'state') return false;
      return state.content.kind === 'local' || !owner.isLocalBeforeListed(place.leaf, state);
    },
  });
}

interface Retiring {
  /** Takes from a set the names that must stay. */
  readonly removeReached: (names: Set<ObjectName>) => Promise<void>;
  /** Asked after `removeReached` about names whose time is over. */
  readonly mayGo: (item: Item) => boolean;
}

/**
 * Names the source has deleted: marked when nothing published reaches them, removed `retireGraceMs` later (law 9).
 * Returns the deleted names that are still shown.
 */
export async function retire(
  owner: BucketSync,
  items: readonly Item[],
  { removeReached, mayGo }: Retiring,
): Promise<readonly Item[]> {
  const gone = items.filter(({ read }) => read.faces?.applied.kind === 'gone');
  const nowMs = owner.deps.clock.nowMs();
  const asked = gone.filter(({ backlog }) => backlog.retireAtMs === undefined || backlog.retireAtMs <= nowMs);
  const free = new Set(asked.map(({ read }) => read.place.leaf));
  if (free.size > 0) await removeReached(free);
  const ripe = asked.filter(({ read, backlog }) => free.has(read.place.leaf) && backlog.retireAtMs !== undefined);
  const due = ripe.filter(mayGo);
  const fresh = asked.filter(({ read, backlog }) => free.has(read.place.leaf) && backlog.retireAtMs === undefined);
  const back = asked.filter(({ read, backlog }) => !free.has(read.place.leaf) && backlog.retireAtMs !== undefined);
  await mark(owner, fresh, { retireAtMs: nowMs + owner.settings.retireGraceMs });
  await mark(owner, back, {});
  const changes = due.map(({ read }) => ({
    ...changeRow(read, undefined, { backlog: undefined, nowMs }),
    name: read.place.leaf,
  }));
  const retired = new Set<ObjectName>();
  for (const group of packChanges(changes)) {
    const { checks, writes } = mergeChanges(group);
    const appends = nameEntries(owner.bucket, 'retire', { names: group.map(({ name }) => name), timeMs: nowMs });
    // A conflict means a fact came between: the next round looks again.
    const outcome = await owner.deps.metadata.commit({ checks, writes, appends });
    if (outcome.kind !== 'committed') continue;
    owner.deps.crashPoints.reach('sync.after-retire');
    for (const { name } of group) retired.add(name);
  }
  return gone.filter(({ read }) => !retired.has(read.place.leaf));
}

async function mark(owner: BucketSync, items: readonly Item[], backlog: BacklogRow): Promise<void> {
  if (items.length === 0) return;
  await owner.deps.metadata.commit({
    checks: items.map(({ read }) => unchanged(objectKey(read.place), read.row)),
    writes: items.map(({ read }) => ({ kind: 'put', key: backlogKey(read.place), value: encodeBacklog(backlog) })),
  });
}

/** Of a table that is dropped the log goes first: whoever still finds it finds its files. */
async function keepShownData(table: TableSync, names: Set<ObjectName>): Promise<void> {
  if (!(await holdsControl(table, table.published))) return;
  for (const name of names) if (!table.format.isControl(table.location, name)) names.delete(name);
}

/** Takes out of `names` what the published version still reaches, walking it in a stream. */
async function removeLive(table: TableSync, names: Set<ObjectName>, isVanished: boolean): Promise<void> {
  if (table.cursor === undefined || table.state === 'unresolved') return;
  if (isVanished) return keepShownData(table, names);
  const isCurrent = table.state === 'current' && table.hasLooked;
  try {
    for await (const { name, listed } of table.format.live(table.location, table.published, table.cursor)) {
      if (listed === true && isCurrent) continue;
      names.delete(name);
      if (names.size === 0) return;
    }
  } catch (error) {
    // What cannot be walked cannot be proved unreachable.
    names.clear();
    table.owner.noteTrouble(table.location.prefix, error);
  }
}
