import { createHash } from 'node:crypto';
import { isStraitError } from '../../model/errors.ts';
import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, FileStat, TableFiles, TableLocation } from '../port.ts';
import { TableLogError } from '../port.ts';
import { resolveDeletionVector, resolvePath } from './paths.ts';
import { protocolProblem } from './protocol.ts';

/** Where a log is and how to read it. */
export interface LogContext {
  readonly location: TableLocation;
  readonly files: TableFiles;
}

/**
 * What a log line means for files. `key` tells one state of a data file from another: its name and its deletion
 * vector (Delta protocol, "Action Reconciliation").
 */
export type FileAction =
  | { readonly kind: 'add'; readonly key: string; readonly file: FileRef; readonly vector?: FileRef }
  | { readonly kind: 'remove'; readonly key: string }
  | { readonly kind: 'change'; readonly file: FileRef }
  | { readonly kind: 'sidecar'; readonly name: ObjectName };

const CHUNK_BYTES = 1024 * 1024;
const LINE_BYTES_MAX = 64 * 1024 * 1024;

export function broken(name: ObjectName, message: string, cause?: unknown): TableLogError {
  return new TableLogError({ kind: 'broken', name, message }, { cause });
}

/** Errors that are already ours pass; any other thrown while `name` was decoded means the file is bad. */
export function asBroken(name: ObjectName, error: unknown): unknown {
  if (error instanceof TableLogError || isStraitError(error)) return error;
  return broken(name, error instanceof Error ? error.message : String(error), error);
}

/**
 * The file actions of a JSON log file (a commit, a compacted log, a JSON checkpoint), in order, in batches. The file
 * may be of any size; memory is one chunk and one line. Throws TableLogError when a line does not parse, a path
 * resolves nowhere or the protocol asks for what this reader does not know.
 */
export async function* readActions(
  context: LogContext,
  file: { readonly name: ObjectName; readonly size: number },
  onBytes?: (chunk: Uint8Array) => void,
): AsyncGenerator<readonly FileAction[]> {
  if (file.size === 0) throw broken(file.name, 'the file is empty');
  for await (const lines of readLines(context.files, file, onBytes)) {
    const actions: FileAction[] = [];
    for (const line of lines) {
      const action = parseLine(context.location, file.name, line);
      if (action !== undefined) actions.push(action);
    }
    yield actions;
  }
}

/** Reads a whole commit to see that it can be followed. Gives 16 hex digits that stand for its content. */
export async function checkCommit(context: LogContext, file: FileStat): Promise<string> {
  const hash = createHash('sha256');
  for await (const _ of readActions(context, file, (chunk) => hash.update(chunk)));
  return hash.digest('hex').slice(0, 16);
}

async function* readLines(
  files: TableFiles,
  file: { readonly name: ObjectName; readonly size: number },
  onBytes: ((chunk: Uint8Array) => void) | undefined,
): AsyncGenerator<readonly string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for (let start = 0; start < file.size; start += CHUNK_BYTES) {
    const end = Math.min(start + CHUNK_BYTES, file.size);
    const chunk = await files.readRange(file.name, start, end);
    if (chunk.length !== end - start) throw broken(file.name, `${chunk.length} of ${end - start} bytes were there`);
    onBytes?.(chunk);
    const bytes = Buffer.concat([rest, chunk]);
    const lines: string[] = [];
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      lines.push(bytes.toString('utf8', from, at));
      from = at + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > LINE_BYTES_MAX) throw broken(file.name, `a line is longer than ${LINE_BYTES_MAX} bytes`);
    yield lines;
  }
  if (rest.length > 0) yield [rest.toString('utf8')];
}

const NEWLINE = 0x0a;

function parseLine(location: TableLocation, name: ObjectName, line: string): FileAction | undefined {
  if (line.trim() === '') return undefined;
  let action: unknown;
  try {
    action = JSON.parse(line);
  } catch (error) {
    throw broken(name, `a line is not JSON: ${error instanceof Error ? error.message : error}`, error);
  }
  if (!isRecord(action)) throw broken(name, 'a line is not a JSON object');
  if (isRecord(action['add'])) return addAction(location, name, action['add']);
  if (isRecord(action['remove'])) {
    const { path, deletionVector } = action['remove'];
    return { kind: 'remove', key: fileKey(resolved(location, name, path), vectorOf(name, deletionVector)) };
  }
  if (isRecord(action['cdc'])) {
    return { kind: 'change', file: fileRef(resolved(location, name, action['cdc']['path']), action['cdc']['size']) };
  }
  if (isRecord(action['sidecar']))
    return { kind: 'sidecar', name: sidecarName(location, name, action['sidecar']['path']) };
  if (isRecord(action['protocol'])) checkProtocol(name, action['protocol']);
  return undefined;
}

function checkProtocol(name: ObjectName, protocol: Readonly<Record<string, unknown>>): void {
  const problem = protocolProblem(protocol['minReaderVersion'], protocol['readerFeatures']);
  if (problem !== undefined) throw broken(name, problem);
}

function addAction(location: TableLocation, name: ObjectName, add: Readonly<Record<string, unknown>>): FileAction {
  return addedFile(location, name, { path: add['path'], size: add['size'], vector: add['deletionVector'] });
}

/** The same `add`, whether it came as JSON or as columns of a checkpoint. */
export function addedFile(
  location: TableLocation,
  logFile: ObjectName,
  add: { readonly path: unknown; readonly size: unknown; readonly vector: unknown },
): FileAction & { readonly kind: 'add' } {
  const dataName = resolved(location, logFile, add.path);
  const vector = vectorOf(logFile, add.vector);
  const key = fileKey(dataName, vector);
  const file = fileRef(dataName, add.size);
  const vectorFile = vector && resolveDeletionVector(location, vector);
  if (vectorFile === undefined) return { kind: 'add', key, file };
  if ('problem' in vectorFile) throw broken(logFile, vectorFile.problem);
  return { kind: 'add', key, file, vector: { name: vectorFile.name } };
}

/** Sidecars lie in `_delta_log/_sidecars`; the bare name is enough (Delta protocol, "Sidecar File Information"). */
export function sidecarName(location: TableLocation, logFile: ObjectName, path: unknown): ObjectName {
  return resolved(location, logFile, path, '_delta_log/_sidecars/');
}

function resolved(location: TableLocation, logFile: ObjectName, path: unknown, folder?: string): ObjectName {
  if (typeof path !== 'string') throw broken(logFile, 'an action has no path');
  const answer = resolvePath(location, path, folder);
  if ('problem' in answer) throw broken(logFile, answer.problem);
  return answer.name;
}

interface Vector {
  readonly storageType: string;
  readonly pathOrInlineDv: string;
  readonly offset?: number;
}

function vectorOf(logFile: ObjectName, value: unknown): Vector | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw broken(logFile, 'a deletion vector is not an object');
  const { storageType, pathOrInlineDv, offset } = value;
  if (typeof storageType !== 'string' || typeof pathOrInlineDv !== 'string') {
    throw broken(logFile, 'a deletion vector has no storageType or no path');
  }
  return typeof offset === 'number' ? { storageType, pathOrInlineDv, offset } : { storageType, pathOrInlineDv };
}

/** Object names hold no line feed in any table seen; were there one, two keys could only meet on purpose. */
function fileKey(dataName: ObjectName, vector: Vector | undefined): string {
  if (vector === undefined) return dataName;
  const offset = vector.offset === undefined ? '' : `@${vector.offset}`;
  return `${dataName}\n${vector.storageType}${vector.pathOrInlineDv}${offset}`;
}

function fileRef(name: ObjectName, size: unknown): FileRef {
  const bytes = typeof size === 'bigint' ? Number(size) : size;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? { name, size: bytes } : { name };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
