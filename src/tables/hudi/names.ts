import type { ObjectName } from '../../model/ids.ts';
import type { TableLocation } from '../port.ts';

/**
 * Names of a Hudi table (tech-specs-1point0, "Storage Format"). Layout 1 keeps the timeline in `.hoodie/`, layout 2 in
 * `.hoodie/timeline/` with the completion time in the name.
 */

export type Layout = 1 | 2;

export const PROPERTIES = 'hoodie.properties';
const CONTROL = '.hoodie/';
const ROOT = /^((?:.*\/)?)\.hoodie\/hoodie\.properties$/s;

/** The root this name proves; the metadata table inside `.hoodie/metadata/` is no table of its own. */
export function rootOf(name: ObjectName): ObjectName | undefined {
  const root = ROOT.exec(name)?.[1];
  return root === undefined || `/${root}`.includes('/.hoodie/') ? undefined : root;
}

export function controlFolder(location: TableLocation): ObjectName {
  return location.prefix + CONTROL;
}

/** The metadata table is a Hudi table of its own, kept here. */
export function metadataTableRoot(location: TableLocation): ObjectName {
  return `${controlFolder(location)}metadata/`;
}

const NEVER_LISTED = [
  /^(?:metadata\/\.hoodie\/)?\.(?:temp|heartbeat|locks)\//,
  /^(?:metadata\/\.hoodie\/)?\.aux\/\.sample_writes\//,
  /^(?:metadata\/\.hoodie\/)?[^/]*lock[^/]*$/,
];

/** Markers, heartbeats and locks, of the table and of its metadata table. */
export function isNeverListed(location: TableLocation, name: ObjectName): boolean {
  const folder = controlFolder(location);
  if (!name.startsWith(folder)) return false;
  const rest = name.slice(folder.length);
  return NEVER_LISTED.some((pattern) => pattern.test(rest));
}

/** One file of the active timeline. */
export interface InstantName {
  /** When the action began. With the action it names the instant; a savepoint has the time of the commit it saves. */
  readonly ts: string;
  readonly action: string;
  readonly state: 'requested' | 'inflight' | 'completed';
  /** Layout 2, completed. */
  readonly completion?: string;
}

const INSTANT: Readonly<Record<Layout, RegExp>> = {
  1: /^(\d{1,24})\.([a-z]+)(?:\.(requested|inflight))?$/,
  2: /^(\d{1,24})(?:_(\d{1,24}))?\.([a-z]+)(?:\.(requested|inflight))?$/,
};

/** Undefined for names that are no instant: `hoodie.properties`, folders, archives. */
export function parseInstant(leaf: string, layout: Layout): InstantName | undefined {
  const match = INSTANT[layout].exec(leaf);
  if (match === null) return undefined;
  const [ts = '', completion, action = '', state] =
    layout === 2 ? match.slice(1) : [match[1], undefined, match[2], match[3]];
  // A commit in flight has no action in its name, in both layouts.
  if (action === 'inflight' && state === undefined) {
    return completion === undefined ? { ts, action: 'commit', state: 'inflight' } : undefined;
  }
  if (state === 'requested' || state === 'inflight') {
    return completion === undefined ? { ts, action, state } : undefined;
  }
  if (layout === 1) return { ts, action, state: 'completed' };
  return completion === undefined ? undefined : { ts, action, state: 'completed', completion };
}

/** A data file's name without its folders. */
export interface DataFileName {
  readonly fileId: string;
  /** Base file: the instant that wrote it. Log file: the base instant (layout 1) or the delta instant (layout 2). */
  readonly ts: string;
  readonly isBase: boolean;
}

const BASE_FILE = /^([^.].*)_(?:\d+-\d+-\d+)_(\d{1,24})(?:_[^.]*)?\.[a-z0-9.]+$/i;
const LOG_FILE = /^\.(.+)_(\d{1,24})\.log\.\d+(?:_[^.]*)?(?:\.cdc)?$/;

export function parseDataFile(leaf: string): DataFileName | undefined {
  const base = BASE_FILE.exec(leaf);
  if (base !== null) return { fileId: base[1] ?? '', ts: base[2] ?? '', isBase: true };
  const log = LOG_FILE.exec(leaf);
  return log === null ? undefined : { fileId: log[1] ?? '', ts: log[2] ?? '', isBase: false };
}

export function leafOf(name: ObjectName): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
