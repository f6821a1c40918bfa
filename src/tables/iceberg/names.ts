import type { ObjectName } from '../../model/ids.ts';
import type { TableLocation } from '../port.ts';

/**
 * Names of an Iceberg table kept in a file system or by a catalog (iceberg `HadoopTableOperations`,
 * `BaseMetastoreTableOperations.newTableMetadataFilePath`).
 */

const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';
/** `v3.1.metadata.json` is no version. Catalog tables written with gzip say `<N>-<uuid>.gz.metadata.json`. */
const VERSION = new RegExp(`^(?:v(\\d{1,18})|(\\d{1,18})-${UUID})(?:\\.gz)?\\.metadata\\.json$`);
const ROOT = /^((?:.*\/)?)metadata\/([^/]+)$/s;

export const HINT_LEAF = 'version-hint.text';

/** The number of the version a metadata file is, by its last segment; undefined when it is no version. */
export function versionNumber(leaf: string): bigint | undefined {
  const match = VERSION.exec(leaf);
  const digits = match?.[1] ?? match?.[2];
  return digits === undefined ? undefined : BigInt(digits);
}

/** The table root proved by a version's name: everything before `metadata/`. */
export function rootOf(name: ObjectName): ObjectName | undefined {
  const match = ROOT.exec(name);
  return match?.[2] !== undefined && versionNumber(match[2]) !== undefined ? match[1] : undefined;
}

export function metadataFolder(location: TableLocation): ObjectName {
  return `${location.prefix}metadata/`;
}

/** The last segment of a name directly in the metadata folder. */
export function leafOf(location: TableLocation, name: ObjectName): string | undefined {
  const folder = metadataFolder(location);
  return name.startsWith(folder) ? name.slice(folder.length) : undefined;
}

export function hintName(location: TableLocation): ObjectName {
  return metadataFolder(location) + HINT_LEAF;
}

export interface Hint {
  readonly version: bigint;
  /** Any one of these is the version the hint names. */
  readonly leaves: readonly string[];
}

/**
 * What `version-hint.text` says: a number (Hadoop tables), or a metadata file's name with or without its ending (what
 * PyIceberg and DuckDB also accept). Undefined when it names no version: an empty hint is an ordinary object.
 */
export function parseHint(content: Uint8Array): Hint | undefined {
  const text = Buffer.from(content).toString('utf8').trim();
  if (/^\d{1,18}$/.test(text)) {
    const version = BigInt(text);
    return { version, leaves: [`v${version}.metadata.json`, `v${version}.gz.metadata.json`] };
  }
  const leaf = text.endsWith('.metadata.json') ? text : `${text}.metadata.json`;
  const version = versionNumber(leaf);
  return version === undefined ? undefined : { version, leaves: [leaf] };
}
