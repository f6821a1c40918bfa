/** Which events an entry of the journal stands for (Cloud Storage page "Pub/Sub notifications", event types). Pure. */
import { type Generation, generation } from '../../model/ids.ts';
import type { NotificationConfig, ObjectEvent } from '../../model/notification.ts';
import type { ObjectState } from '../../model/object.ts';

/** What became of a version that is no longer live. */
interface Fate {
  readonly became: 'noncurrent' | 'softDeleted' | 'gone';
}

/** A mutation of one object, as the journal tells it. */
export interface ObjectEntry {
  /** A `replace` tells of the version that the next entry, an `insert`, takes the place of. */
  readonly op: 'insert' | 'replace' | 'patch' | 'delete';
  readonly bucket: string;
  readonly name: string;
  readonly timeMs: number;
  readonly generation: Generation;
  readonly state?: ObjectState;
  /** Of `patch` and `delete`, when it is not the live version. */
  readonly version?: 'noncurrent' | 'softDeleted';
  readonly fate?: Fate;
  readonly retentionExpirationMs?: number;
  readonly replaced?: Fate & {
    readonly generation: string;
    readonly state?: ObjectState;
    readonly retentionExpirationMs?: number;
  };
  /** The generation that a `replace` before it told of. */
  readonly overwrote?: string;
}

/** In the order in which they are told: what went away goes first. */
export function eventsOf(entry: ObjectEntry): readonly ObjectEvent[] {
  const { bucket, name, timeMs } = entry;
  const event = { bucket, name, timeMs, generation: entry.generation, ...shownOf(entry) };
  switch (entry.op) {
    case 'insert': {
      const { replaced, overwrote = replaced?.generation } = entry;
      const told = replaced === undefined ? [] : [overwritten(entry, replaced)];
      const over = overwrote === undefined ? {} : { overwroteGeneration: generation(BigInt(overwrote)) };
      return [...told, { ...event, type: 'OBJECT_FINALIZE', ...over }];
    }
    case 'replace':
      return entry.replaced === undefined ? [] : [overwritten(entry, entry.replaced)];
    case 'patch':
      return [{ ...event, type: 'OBJECT_METADATA_UPDATE' }];
    case 'delete':
      // The end of a soft-deleted version's time: its deletion was told when it was deleted.
      if (entry.version === 'softDeleted') return [];
      return [{ ...event, type: typeOfLoss(entry.fate) }];
  }
}

function overwritten(entry: ObjectEntry, replaced: NonNullable<ObjectEntry['replaced']>): ObjectEvent {
  const { bucket, name, timeMs } = entry;
  return {
    type: typeOfLoss(replaced),
    bucket,
    name,
    timeMs,
    generation: generation(BigInt(replaced.generation)),
    overwrittenByGeneration: entry.generation,
    ...shownOf(replaced),
  };
}

function shownOf({ state, retentionExpirationMs: expirationMs }: Pick<ObjectEntry, 'state' | 'retentionExpirationMs'>) {
  return {
    ...(state === undefined ? {} : { state }),
    ...(expirationMs === undefined ? {} : { retentionExpirationMs: expirationMs }),
  };
}

const typeOfLoss = (fate: Fate | undefined) => (fate?.became === 'noncurrent' ? 'OBJECT_ARCHIVE' : 'OBJECT_DELETE');

/** Whether a configuration asks for an event. */
export function isAskedFor(config: NotificationConfig, event: ObjectEvent): boolean {
  const { eventTypes, objectNamePrefix } = config;
  if (eventTypes.length > 0 && !eventTypes.includes(event.type)) return false;
  return objectNamePrefix === undefined || event.name.startsWith(objectNamePrefix);
}
