import type { ObjectName } from '../../model/ids.ts';

/** The names of `_delta_log/` (Delta protocol, "File Types" and "Checkpoint Naming Scheme"). */

export const LOG_FOLDER = '_delta_log/';

/**
 * One checkpoint of a version; several may exist. `1.c` is classic, `1.m3` has three parts, `1.<uuid>.json` and
 * `1.<uuid>.parquet` are UUID-named.
 */
export type CheckpointId = string;

export type LogName =
  | { readonly kind: 'commit' | 'checksum'; readonly version: number }
  | { readonly kind: 'compacted'; readonly version: number; readonly first: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly id: CheckpointId }
  | { readonly kind: 'hint' | 'sidecar' | 'other' };

const VERSIONED = /^(\d{20})\.(.+)$/;
const SIDECAR = /^_sidecars\/[^.].*\.parquet$/;
const PARTS = /^checkpoint\.(\d{10})\.(\d{10})\.parquet$/;
const UUID_NAMED = /^checkpoint\.([0-9a-zA-Z-]{1,64}\.(?:json|parquet))$/;
const COMPACTED = /^(\d{20})\.compacted\.json$/;

/** What `leaf`, a name below the log folder, is. */
export function parseLogName(leaf: string): LogName {
  if (leaf === '_last_checkpoint') return { kind: 'hint' };
  if (SIDECAR.test(leaf)) return { kind: 'sidecar' };
  const [, digits = '', rest = ''] = VERSIONED.exec(leaf) ?? [];
  const version = Number(digits);
  if (rest === '' || !Number.isSafeInteger(version)) return { kind: 'other' };
  if (rest === 'json') return { kind: 'commit', version };
  if (rest === 'crc') return { kind: 'checksum', version };
  if (rest === 'checkpoint.parquet') return { kind: 'checkpoint', version, id: `${version}.c` };
  const [, part, parts] = PARTS.exec(rest) ?? [];
  if (part !== undefined && parts !== undefined && Number(part) >= 1 && Number(part) <= Number(parts)) {
    return { kind: 'checkpoint', version, id: `${version}.m${Number(parts)}` };
  }
  const [, unique] = UUID_NAMED.exec(rest) ?? [];
  if (unique !== undefined) return { kind: 'checkpoint', version, id: `${version}.${unique}` };
  const [, last] = COMPACTED.exec(rest) ?? [];
  if (last !== undefined && Number.isSafeInteger(Number(last)) && Number(last) > version) {
    return { kind: 'compacted', version: Number(last), first: version };
  }
  return { kind: 'other' };
}

export function logFolder(tablePrefix: ObjectName): ObjectName {
  return `${tablePrefix}${LOG_FOLDER}`;
}

export function versionDigits(version: number): string {
  return String(version).padStart(20, '0');
}

export function commitName(tablePrefix: ObjectName, version: number): ObjectName {
  return `${tablePrefix}${LOG_FOLDER}${versionDigits(version)}.json`;
}

export function hintName(tablePrefix: ObjectName): ObjectName {
  return `${tablePrefix}${LOG_FOLDER}_last_checkpoint`;
}

export function checkpointVersion(id: CheckpointId): number {
  return Number(id.slice(0, id.indexOf('.')));
}

/** The names of a checkpoint's own files: all its parts, or its one file. Sidecars are named inside. */
export function checkpointNames(tablePrefix: ObjectName, id: CheckpointId): readonly ObjectName[] {
  const start = `${tablePrefix}${LOG_FOLDER}${versionDigits(checkpointVersion(id))}.checkpoint.`;
  const form = id.slice(id.indexOf('.') + 1);
  if (form === 'c') return [`${start}parquet`];
  if (!/^m\d+$/.test(form)) return [`${start}${form}`];
  const parts = Number(form.slice(1));
  const tenDigits = (part: number) => String(part).padStart(10, '0');
  return Array.from({ length: parts }, (_, index) => `${start}${tenDigits(index + 1)}.${tenDigits(parts)}.parquet`);
}
