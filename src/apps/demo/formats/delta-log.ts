import { memoByBytes } from './memo.ts';
import {
  asFields,
  asNumber,
  asText,
  decodeUtf8,
  type Fields,
  optionalFields,
  optionalNumber,
  optionalText,
  parseExactJson,
} from './values.ts';

/** Names and actions of a Delta log, from `PROTOCOL.md` of delta-io/delta. Pure. */

export const DELTA_LOG = '_delta_log/';
export const DELTA_HINT = `${DELTA_LOG}_last_checkpoint`;

export type DeltaLogName =
  | { readonly kind: 'commit' | 'checksum'; readonly version: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly part: number; readonly parts: number }
  | { readonly kind: 'compacted'; readonly version: number };

/** What a name under `_delta_log/` is; undefined for anything a reader ignores. */
export function parseDeltaLogName(name: string): DeltaLogName | undefined {
  const match = /^_delta_log\/(\d{20})\.(.+)$/.exec(name);
  if (match === null) return undefined;
  const version = Number(match[1]);
  const rest = match[2] ?? '';
  if (rest === 'json') return { kind: 'commit', version };
  if (rest === 'crc') return { kind: 'checksum', version };
  if (rest === 'checkpoint.parquet') return { kind: 'checkpoint', version, part: 1, parts: 1 };
  const multi = /^checkpoint\.(\d{10})\.(\d{10})\.parquet$/.exec(rest);
  if (multi !== null) return { kind: 'checkpoint', version, part: Number(multi[1]), parts: Number(multi[2]) };
  if (/^checkpoint\.[0-9a-f-]{36}\.(json|parquet)$/.test(rest))
    return { kind: 'checkpoint', version, part: 1, parts: 1 };
  const compacted = /^(\d{20})\.compacted\.json$/.exec(rest);
  return compacted === null ? undefined : { kind: 'compacted', version: Number(compacted[1]) };
}

export interface DeletionVector {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset: number | undefined;
  readonly sizeInBytes: number;
  readonly cardinality: number;
  /** The file that holds it, relative to the table; undefined for an inline vector. */
  readonly file: string | undefined;
}

export interface DeltaFile {
  readonly name: string;
  readonly size: number | undefined;
  readonly vector: DeletionVector | undefined;
}

export interface DeltaActions {
  readonly adds: readonly DeltaFile[];
  readonly removes: readonly string[];
  readonly changeData: readonly string[];
  readonly sidecars: readonly string[];
}

/** One action a line. Unknown actions are allowed; a known one with a wrong field is an error. */
export function parseDeltaJson(bytes: Uint8Array, root: string): DeltaActions {
  return collectDeltaActions(actionRows(bytes), root);
}

const actionRows = memoByBytes((bytes): readonly Fields[] => {
  const lines = decodeUtf8(bytes).split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => asFields(parseExactJson(line), 'action'));
});

/** `root` is `gs://bucket/prefix/`: absolute paths below it are this table's own. */
export function collectDeltaActions(rows: readonly Fields[], root: string): DeltaActions {
  const adds: DeltaFile[] = [];
  const removes: string[] = [];
  const changeData: string[] = [];
  const sidecars: string[] = [];
  for (const row of rows) {
    const add = optionalFields(row['add'], 'add');
    if (add !== undefined) adds.push(parseAdd(add, root));
    const remove = optionalFields(row['remove'], 'remove');
    if (remove !== undefined) {
      const name = resolveDeltaPath(asText(remove['path'], 'remove.path'), root);
      removes.push(fileKey(name, parseVector(remove['deletionVector'], root)));
    }
    const cdc = optionalFields(row['cdc'], 'cdc');
    if (cdc !== undefined) changeData.push(resolveDeltaPath(asText(cdc['path'], 'cdc.path'), root));
    const sidecar = optionalFields(row['sidecar'], 'sidecar');
    if (sidecar !== undefined) sidecars.push(sidecarName(asText(sidecar['path'], 'sidecar.path')));
  }
  return { adds, removes, changeData, sidecars };
}

function parseAdd(add: Fields, root: string): DeltaFile {
  return {
    name: resolveDeltaPath(asText(add['path'], 'add.path'), root),
    size: optionalNumber(add['size']),
    vector: parseVector(add['deletionVector'], root),
  };
}

function parseVector(value: unknown, root: string): DeletionVector | undefined {
  const vector = optionalFields(value, 'deletionVector');
  if (vector === undefined) return undefined;
  const storageType = asText(vector['storageType'], 'deletionVector.storageType');
  const pathOrInlineDv = asText(vector['pathOrInlineDv'], 'deletionVector.pathOrInlineDv');
  return {
    storageType,
    pathOrInlineDv,
    offset: optionalNumber(vector['offset']),
    sizeInBytes: asNumber(vector['sizeInBytes'], 'deletionVector.sizeInBytes'),
    cardinality: asNumber(vector['cardinality'], 'deletionVector.cardinality'),
    file: vectorFile(storageType, pathOrInlineDv, root),
  };
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** ZeroMQ's base 85: five characters for four bytes, big-endian. */
export function decodeZ85(text: string): Uint8Array {
  if (text.length % 5 !== 0) throw new Error('base 85 text has a wrong length');
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let group = 0; group < text.length / 5; group += 1) {
    let value = 0;
    for (const character of text.slice(group * 5, group * 5 + 5)) {
      const digit = Z85.indexOf(character);
      if (digit < 0) throw new Error(`base 85 text has a wrong character ${character}`);
      value = value * 85 + digit;
    }
    bytes.writeUInt32BE(value % 2 ** 32, group * 4);
  }
  return bytes;
}

const ENCODED_UUID_LENGTH = 20;

/** `u`: an optional random prefix, then a UUID in base 85. `p`: an absolute path. `i`: the vector itself. */
function vectorFile(storageType: string, stored: string, root: string): string | undefined {
  if (storageType === 'i') return undefined;
  if (storageType === 'p') return resolveDeltaPath(stored, root);
  if (storageType !== 'u') throw new Error(`deletion vector storage type ${storageType} is not known`);
  const prefix = stored.slice(0, -ENCODED_UUID_LENGTH);
  const hex = Buffer.from(decodeZ85(stored.slice(-ENCODED_UUID_LENGTH))).toString('hex');
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return `${prefix === '' ? '' : `${prefix}/`}deletion_vector_${uuid}.bin`;
}

/** Paths are relative and percent-encoded once; an absolute path must lie below this table's root. */
export function resolveDeltaPath(path: string, root: string): string {
  const decoded = decodeURIComponent(path);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(decoded) && !decoded.startsWith('/')) return decoded;
  if (!decoded.startsWith(root)) throw new Error(`path ${decoded} lies outside the table`);
  return decoded.slice(root.length);
}

function sidecarName(path: string): string {
  return path.includes('/') ? path.slice(path.indexOf(DELTA_LOG)) : `${DELTA_LOG}_sidecars/${path}`;
}

/** The same data file may be live under another deletion vector: the pair is the key. */
function fileKey(name: string, vector: DeletionVector | undefined): string {
  return vector === undefined ? name : `${name}\n${vector.storageType}${vector.pathOrInlineDv}@${vector.offset ?? ''}`;
}

/** The live files of a table, brought forward one version at a time. */
export class DeltaState {
  readonly #live = new Map<string, DeltaFile>();

  apply(actions: DeltaActions): void {
    for (const key of actions.removes) this.#live.delete(key);
    for (const file of actions.adds) this.#live.set(fileKey(file.name, file.vector), file);
  }

  files(): readonly DeltaFile[] {
    return [...this.#live.values()];
  }
}

/** Which checkpoint the hint names. */
export interface DeltaHint {
  readonly version: number;
  readonly parts: number;
  readonly file: string | undefined;
}

export function parseDeltaHint(bytes: Uint8Array): DeltaHint {
  const hint = asFields(parseExactJson(decodeUtf8(bytes)), '_last_checkpoint');
  const v2 = optionalFields(hint['v2Checkpoint'], 'v2Checkpoint');
  return {
    version: asNumber(hint['version'], '_last_checkpoint.version'),
    parts: optionalNumber(hint['parts']) ?? 1,
    file: v2 === undefined ? undefined : optionalText(v2['path']),
  };
}

export function deltaCommitName(version: number): string {
  return `${DELTA_LOG}${version.toString().padStart(20, '0')}.json`;
}
