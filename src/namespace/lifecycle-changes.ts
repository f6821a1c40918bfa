import type { Bucket } from '../model/bucket.ts';
import { isStraitError } from '../model/errors.ts';
import type { Generation, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { Check } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { bucketNotFound, type ReadObject, type ReadVersion, readForChange, type WriteTarget } from './object-access.ts';
import { alongside, type ObjectChange, objectTransaction } from './object-transaction.ts';
import { blobsOfContent, unchanged } from './rows/references.ts';
import { judgeVersion, type LifecycleChange, readyRules } from './rules/lifecycle-action.ts';
import { attributesOf, changedState } from './rules/new-state.ts';

/** A version that rules asked something of when its page was read: the live one, or a noncurrent one by generation. */
export interface Candidate {
  readonly name: ObjectName;
  readonly generation?: Generation;
  /** Noncurrent versions of the name that are newer. */
  readonly newerNoncurrent?: number;
}

const VERSIONS_PER_COMMIT = 50;
/** Writes a transaction may grow to before the next begins: below the port's limit, whatever comes last. */
const WRITES_PER_COMMIT = 700;

/**
 * Does to each version what the rules ask of it now, in batches: each is one transaction with an entry for every
 * change. When another writer gets in between, or one of the batch cannot be changed, each version of it is tried
 * alone, and one that does not go then either is left to a later pass. Answers how many were changed.
 */
export async function changeVersions(
  deps: NamespaceDeps,
  bucket: Bucket,
  candidates: readonly Candidate[],
): Promise<number> {
  let changed = 0;
  for (let from = 0; from < candidates.length; ) {
    const batch = candidates.slice(from, from + VERSIONS_PER_COMMIT);
    const outcome = await tryBatch(deps, bucket, batch);
    changed += outcome.changed;
    if (outcome.isUndone && batch.length > 1) {
      for (const one of batch) changed += (await tryBatch(deps, bucket, [one])).changed;
      from += batch.length;
    } else from += outcome.judged;
  }
  return changed;
}

/** A version that cannot be changed, such as one whose row has no room for it, keeps no other waiting. */
async function tryBatch(deps: NamespaceDeps, bucket: Bucket, batch: readonly Candidate[]): Promise<BatchOutcome> {
  try {
    return await changeBatch(deps, bucket, batch);
  } catch (error) {
    if (!isStraitError(error, 'invalidArgument')) throw error;
    const [only, ...others] = batch;
    if (only !== undefined && others.length === 0) {
      const fields = { bucket: bucket.name, object: only.name, error: error.message };
      deps.logger.log('warn', 'a version cannot be changed as lifecycle rules ask', fields);
    }
    return { changed: 0, judged: batch.length, isUndone: true };
  }
}

/** Other work of the process goes first. */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface BatchOutcome {
  readonly changed: number;
  /** How many of the batch were judged: the others did not fit. */
  readonly judged: number;
  /** Nothing was done, though something was asked. */
  readonly isUndone: boolean;
}

async function changeBatch(
  deps: NamespaceDeps,
  { name, id }: Bucket,
  batch: readonly Candidate[],
): Promise<BatchOutcome> {
  const { objects, ...target } = await readForChange(deps, name, batch);
  if (target.bucket.id !== id) throw bucketNotFound(name);
  const nowMs = deps.clock.nowMs();
  const versions = batch.map((candidate, index) => versionOf(objects[index], candidate));
  const { changes, checks, judged } = await planBatch(target, versions, nowMs);
  if (changes.length === 0) return { changed: 0, judged, isUndone: false };
  const { transaction } = objectTransaction(deps, target, changes, nowMs);
  const outcome = await deps.metadata.commit(alongside(transaction, { checks }));
  const isUndone = outcome.kind === 'conflict';
  if (!isUndone) deps.crashPoints.reach('lifecycle.after-batch');
  return { changed: isUndone ? 0 : changes.length, judged, isUndone };
}

/** A candidate as its rows are now. */
interface Version {
  readonly live: ReadObject;
  readonly row: ReadObject | ReadVersion;
  readonly state: ObjectState;
  readonly newerVersions: number;
}

/** Undefined when it is gone. */
function versionOf(object: ReadObject | undefined, candidate: Candidate): Version | undefined {
  if (object === undefined) return undefined;
  const { live, noncurrent } = object;
  if (candidate.generation === undefined) {
    return live && { live: object, row: object, state: live, newerVersions: 0 };
  }
  const newerVersions = (candidate.newerNoncurrent ?? 0) + (live === undefined ? 0 : 1);
  return noncurrent && { live: object, row: noncurrent, state: noncurrent.state, newerVersions };
}

async function planBatch(target: WriteTarget, versions: readonly (Version | undefined)[], nowMs: number) {
  const { bucket, sameSettings } = target;
  const rules = readyRules(bucket);
  const changes: ObjectChange[] = [];
  /** Live versions that were counted as newer, or missed, by name. */
  const counted = new Map<ObjectName, Check>();
  let [writes, judged] = [0, 0];
  for (const version of versions) {
    // An expression may take milliseconds of a name.
    if (rules.hasPatterns) await letOthersRun();
    const asked = version && judgeVersion(rules, { bucket, name: version.row.name, ...version }, nowMs);
    if (version !== undefined && asked !== undefined) {
      writes += writesOf(version);
      if (changes.length > 0 && writes > WRITES_PER_COMMIT) break;
      changes.push(changeOf(version, asked, nowMs));
      const { live, row } = version;
      if (row !== live) counted.set(live.name, unchanged(live.key, live.row));
    }
    judged += 1;
  }
  // The rules are among the settings.
  return { changes, checks: [sameSettings, ...counted.values()], judged };
}

function changeOf({ row, state }: Version, asked: LifecycleChange, nowMs: number): ObjectChange {
  if (asked.kind === 'delete') return { op: 'delete', object: row, state };
  const attributes = { ...attributesOf(state), storageClass: asked.storageClass };
  return { op: 'patch', object: row, after: changedState(state, attributes, nowMs) };
}

/** The rows, and for each blob a reference that is moved or noted as dropped. */
function writesOf({ state }: Version): number {
  return 4 + 3 * blobsOfContent(state.content).size;
}
