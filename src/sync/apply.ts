/** Facts into applied faces: one transaction for a row and its backlog entry (docs/protocols/sync.md, F1–F3). */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError, StraitError } from '../model/errors.ts';
import type { ObjectFaces } from '../model/faces.ts';
import type { ObjectName } from '../model/ids.ts';
import { setKey, setMemberKey } from '../namespace/rows/keys.ts';
import { unchanged } from '../namespace/rows/references.ts';
import { decodeSet, encodeSet } from '../namespace/rows/sync-rows.ts';
import type { MetadataView, Row } from '../stores/metadata/port.ts';
import type { SyncDeps } from './deps.ts';
import {
  changeRow,
  mergeChanges,
  packChanges,
  publishedFaces,
  type ReadRow,
  type RowChange,
  readRows,
} from './faces.ts';
import { decideApply, type Fact } from './rules/apply-fact.ts';

export interface NamedFact {
  readonly name: ObjectName;
  readonly fact: Fact;
}

/** Facts whose rows are read together; a transaction takes as many as fit in it. */
const FACTS_PER_BATCH = 400;
const ATTEMPTS_MAX = 20;

export interface Applying {
  readonly bucket: Bucket;
  /** A fact that no row can hold is left out: its name stays as it is, and holds up no other. */
  readonly noteTrouble: (name: ObjectName, error: unknown) => void;
}

/** Applies facts and returns the names that changed. Durable when it resolves. */
export async function applyFacts(
  deps: SyncDeps,
  applying: Applying,
  facts: readonly NamedFact[],
): Promise<ObjectName[]> {
  const changed: ObjectName[] = [];
  for (let at = 0; at < facts.length; at += FACTS_PER_BATCH) {
    changed.push(...(await applyBatch(deps, applying, facts.slice(at, at + FACTS_PER_BATCH))));
  }
  return changed;
}

async function applyBatch(deps: SyncDeps, applying: Applying, facts: readonly NamedFact[]): Promise<ObjectName[]> {
  const { bucket } = applying;
  const changed: ObjectName[] = [];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    // After a conflict the facts that were applied already change nothing.
    const { changes, stale } = await planBatch(deps, applying, facts);
    const outcome = await commitGroups(deps, changes, stale);
    changed.push(...outcome.names);
    if (outcome.isWhole) return changed;
  }
  throw new StraitError('unavailable', `rows of gs://${bucket.name} keep changing; facts are applied again later`, {});
}

async function commitGroups(
  deps: SyncDeps,
  changes: readonly FactChange[],
  stale: readonly RowChange[],
): Promise<{ readonly names: readonly ObjectName[]; readonly isWhole: boolean }> {
  const names: ObjectName[] = [];
  if (stale.length > 0) {
    // A set is stale before any member leaves it, so that it cannot be flipped without that member.
    const { checks, writes } = mergeChanges(stale);
    if ((await deps.metadata.commit({ checks, writes })).kind === 'conflict') return { names, isWhole: false };
  }
  for (const group of packChanges(changes)) {
    const { checks, writes } = mergeChanges(group);
    if ((await deps.metadata.commit({ checks, writes })).kind === 'conflict') return { names, isWhole: false };
    names.push(...group.map(({ name }) => name));
    deps.crashPoints.reach('sync.after-applied');
  }
  return { names, isWhole: true };
}

interface FactChange extends RowChange {
  readonly name: ObjectName;
}

async function planBatch(
  deps: SyncDeps,
  { bucket, noteTrouble }: Applying,
  facts: readonly NamedFact[],
): Promise<{ readonly changes: readonly FactChange[]; readonly stale: readonly RowChange[] }> {
  return deps.metadata.snapshot(async (view) => {
    const rows = await readRows(
      view,
      bucket.id,
      facts.map(({ name }) => name),
    );
    const sets = await setsOf(view, rows);
    const changes: FactChange[] = [];
    const stale = new Set<string>();
    for (const [index, { name, fact }] of facts.entries()) {
      const read = rows[index];
      if (read === undefined) continue;
      try {
        const change = planOne(read, fact, { sets, stale, nowMs: deps.clock.nowMs() });
        if (change !== undefined) changes.push({ ...change, name });
      } catch (error) {
        if (!isStraitError(error, 'invalidArgument')) throw error;
        noteTrouble(name, error);
      }
    }
    return { changes, stale: staleSets(sets, stale) };
  });
}

async function setsOf(view: MetadataView, rows: readonly ReadRow[]): Promise<ReadonlyMap<string, Row>> {
  const setIds = [...new Set(rows.flatMap(({ faces }) => faces?.setId ?? []))];
  const sets = new Map<string, Row>();
  if (setIds.length === 0) return sets;
  for (const [index, row] of (await view.get(setIds.map(setKey))).entries()) {
    const id = setIds[index];
    if (row !== undefined && id !== undefined) sets.set(id, row);
  }
  return sets;
}

function planOne(
  read: ReadRow,
  fact: Fact,
  context: { readonly sets: ReadonlyMap<string, Row>; readonly stale: Set<string>; readonly nowMs: number },
): RowChange | undefined {
  const setId = read.faces?.setId;
  const setRow = setId === undefined ? undefined : context.sets.get(setId);
  const isFlipped = setRow !== undefined && decodeSet(setRow.value).state === 'flipped';
  const before = settle(read.faces, isFlipped);
  const decision = decideApply(before, fact);
  if (decision.kind === 'nothing') return undefined;
  const next = decision.kind === 'remove' ? undefined : decision.faces;
  const backlog = decision.kind === 'write' && decision.hasBacklog ? {} : undefined;
  const change = changeRow(read, next, { backlog, nowMs: context.nowMs });
  if (setId === undefined) return change;
  if (!isFlipped) context.stale.add(setId);
  return {
    checks: change.checks,
    writes: [...change.writes, { kind: 'delete', key: setMemberKey(setId, read.place) }],
  };
}

/** A member of a flipped set already reads as published; a member of any other leaves its set. */
function settle(faces: ObjectFaces | undefined, isFlipped: boolean): ObjectFaces | undefined {
  if (faces?.setId === undefined) return faces;
  if (isFlipped) return publishedFaces(faces);
  const { setId: _left, ...rest } = faces;
  return rest;
}

function staleSets(sets: ReadonlyMap<string, Row>, stale: ReadonlySet<string>): RowChange[] {
  return [...stale].flatMap((setId) => {
    const row = sets.get(setId);
    if (row === undefined || decodeSet(row.value).state === 'stale') return [];
    const key = setKey(setId);
    const value = encodeSet({ ...decodeSet(row.value), state: 'stale' });
    return [{ checks: [unchanged(key, row)], writes: [{ kind: 'put' as const, key, value }] }];
  });
}
