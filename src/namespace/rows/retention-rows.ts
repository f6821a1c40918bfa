/** An object's own retention in its row (docs/formats/metadata.md, "Object row"). */
import type { ObjectAttributes, ObjectRetention } from '../../model/object.ts';
import { retentionOf } from '../rules/object-retention.ts';

/** 1 when it is locked; until when, ms. */
export type StoredRetention = [0 | 1, number];

export function storeRetention({ mode, retainUntilMs }: ObjectRetention): StoredRetention {
  return [mode === 'Locked' ? 1 : 0, retainUntilMs];
}

export function loadRetention([locked, retainUntilMs]: StoredRetention): ObjectRetention {
  return { mode: locked === 1 ? 'Locked' : 'Unlocked', retainUntilMs };
}

/** Older rows, and those of objects that a cloud owns, have it among the opaque fields. */
export function liftRetention(opaque: Readonly<Record<string, unknown>>): ObjectAttributes {
  const { retention: given, ...others } = opaque;
  const retention = retentionOf(given);
  if (retention === undefined) return { opaque };
  return { retention, ...(Object.keys(others).length === 0 ? {} : { opaque: others }) };
}
