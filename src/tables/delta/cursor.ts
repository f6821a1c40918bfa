import type { ObjectName } from '../../model/ids.ts';
import type { TableCursor } from '../port.ts';
import { type CheckpointId, checkpointVersion } from './log-names.ts';

/** What a Delta cursor remembers beside its version. */
export interface DeltaState {
  /**
   * Every entry from here is published: from 0, or from the checkpoint that publication started at or jumped to.
   * Entries below are strays, which readers never need.
   */
  readonly base: number;
  /** Versions up to here existed before the table was first seen: their change data may have been vacuumed. */
  readonly backfillTo: number;
  /** The newest published checkpoint. */
  readonly checkpoint?: CheckpointId;
  /** Published checkpoints above `floor`, each with the mark of its files' generations. */
  readonly recent: Readonly<Record<CheckpointId, string>>;
  /** Checkpoints up to this version are settled: those that come later are strays. */
  readonly floor: number;
  readonly hint?: { readonly version: number; readonly checkpoint: CheckpointId; readonly generation: string };
  /** The entry of the cursor's own version; absent when only a checkpoint stands for it. */
  readonly tip?: { readonly digest: string; readonly generation: string };
  /** The step to here began at nothing: another table's log was shown before. */
  readonly isRemade?: true;
}

/** Keeps a state below the port's 8 KiB: an entry is at most about 110 bytes. */
const RECENT_MAX = 24;
const ATTACH_VERSIONS = 500;

export function versionOf(cursor: TableCursor | undefined): number {
  return cursor === undefined ? -1 : Number(cursor.ordinal);
}

/** A state is only ever written by `makeCursor`; the cast is the way back from JSON. */
export function stateOf(cursor: TableCursor): DeltaState {
  return cursor.state as DeltaState;
}

/** A cursor that was published: the next step begins at it, whatever was before. */
export function settledState(cursor: TableCursor): DeltaState {
  const { isRemade: _, ...state } = stateOf(cursor);
  return state;
}

export function remadeCursor(cursor: TableCursor): TableCursor {
  return { ...cursor, state: { ...stateOf(cursor), isRemade: true } satisfies DeltaState };
}

/** Checkpoints over `ATTACH_VERSIONS` late are strays, so that a look lists a bounded part of the log. */
export function makeCursor(version: number, state: DeltaState): TableCursor {
  const settled = settle(state, version - ATTACH_VERSIONS);
  return { ordinal: String(version), label: String(version), state: settled };
}

function settle(state: DeltaState, version: number): DeltaState {
  if (version <= state.floor) return state;
  const recent = Object.fromEntries(Object.entries(state.recent).filter(([id]) => checkpointVersion(id) > version));
  return { ...state, recent, floor: version };
}

/** The state of a log before its first entry. */
export function startState(backfillTo: number): DeltaState {
  return { base: 0, backfillTo, recent: {}, floor: -1 };
}

/** The state of a log that starts again at a checkpoint. Hints still never go back. */
export function jumpState(
  before: DeltaState,
  at: { readonly version: number; readonly hasEntry: boolean },
): DeltaState {
  const { backfillTo, hint } = before;
  const base = at.hasEntry ? at.version : at.version + 1;
  return { base, backfillTo, recent: {}, floor: at.version - 1, ...(hint && { hint }) };
}

export function withCheckpoint(state: DeltaState, id: CheckpointId, mark: string): DeltaState {
  const newest = state.checkpoint;
  const checkpoint = newest === undefined || checkpointVersion(newest) <= checkpointVersion(id) ? id : newest;
  const entries = Object.entries({ ...state.recent, [id]: mark });
  entries.sort(([left], [right]) => checkpointVersion(left) - checkpointVersion(right));
  const dropped = entries.splice(0, Math.max(0, entries.length - RECENT_MAX));
  const floor = Math.max(state.floor, ...dropped.map(([droppedId]) => checkpointVersion(droppedId)));
  return settle({ ...state, checkpoint, recent: Object.fromEntries(entries) }, floor);
}

/** A checkpoint of a version already published may still be attached; false: it came too late to matter. */
export function isAttachable(state: DeltaState, version: number): boolean {
  return version > state.floor;
}

/** The checkpoints published on the way between two states, oldest first. */
export function checkpointsBetween(from: DeltaState | undefined, to: DeltaState): readonly CheckpointId[] {
  const ids = Object.entries(to.recent).flatMap(([id, mark]) => (from?.recent[id] === mark ? [] : [id]));
  if (to.checkpoint !== undefined && to.checkpoint !== from?.checkpoint) ids.push(to.checkpoint);
  return [...new Set(ids)].sort((left, right) => checkpointVersion(left) - checkpointVersion(right));
}

/** What `_last_checkpoint` says; `names` tells whether it means the given checkpoint of its version. */
export interface Hint {
  readonly name: ObjectName;
  readonly generation: string;
  readonly version: number;
  readonly names: (id: CheckpointId) => boolean;
}

/** Takes the hint when it may be shown: the checkpoint it names is published, and it does not go back. */
export function withHint(state: DeltaState, hint: Hint | undefined): DeltaState {
  if (hint === undefined || hint.generation === state.hint?.generation) return state;
  if (hint.version < (state.hint?.version ?? 0)) return state;
  const published = [...Object.keys(state.recent), ...(state.checkpoint === undefined ? [] : [state.checkpoint])];
  const checkpoint = published.find((id) => checkpointVersion(id) === hint.version && hint.names(id));
  if (checkpoint === undefined) return state;
  return { ...state, hint: { version: hint.version, checkpoint, generation: hint.generation } };
}
