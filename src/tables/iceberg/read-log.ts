import { isStraitError } from '../../model/errors.ts';
import type { ObjectName } from '../../model/ids.ts';
import type { FileStat, TableFiles, TableLocation } from '../port.ts';
import { type Hint, hintName, leafOf, metadataFolder, parseHint, versionNumber } from './names.ts';
import { type MetadataFault, type MetadataReading, readMetadata, type TableMetadata } from './read-metadata.ts';

/** A name that has the form of a version; what is in the file is not said. */
export interface VersionFile {
  readonly version: bigint;
  readonly leaf: string;
  readonly file: FileStat;
}

/** Verdicts remembered; each is a few dozen bytes. */
const VERDICTS_MAX = 1_000;

/** What a metadata file turned out to be, without its contents. */
export type Verdict = { readonly kind: 'metadata'; readonly lastUpdatedMs: number } | MetadataFault;

/** Reads the metadata folder. Metadata files never change, so a verdict is kept by name and generation. */
export class MetadataLog {
  readonly #verdicts = new Map<string, Verdict>();

  /** Version files numbered in `(after, upTo]`, in byte order of their names (`v10` comes before `v2`). */
  async *versions(
    location: TableLocation,
    files: TableFiles,
    range: { readonly after?: bigint; readonly upTo?: bigint },
  ): AsyncGenerator<VersionFile> {
    const folder = metadataFolder(location);
    // Versions begin with a digit or with `v`: manifests named by a hexadecimal id, snapshots and the rest are passed
    // by.
    for (const [start, end] of [
      ['/', ':'],
      ['u\u{10ffff}', 'w'],
    ] as const) {
      for await (const file of files.list(folder, folder + start)) {
        const leaf = leafOf(location, file.name) ?? '';
        if (leaf >= end) break;
        const version = versionNumber(leaf);
        if (version === undefined || (range.after !== undefined && version <= range.after)) continue;
        if (range.upTo === undefined || version <= range.upTo) yield { version, leaf, file };
      }
    }
  }

  /** Undefined when the file is gone. */
  async verdict(files: TableFiles, file: FileStat): Promise<Verdict | undefined> {
    const key = `${file.generation} ${file.name}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const reading = await readVersion(files, file.name);
    if (reading === undefined) return undefined;
    const verdict: Verdict =
      reading.kind === 'metadata' ? { kind: 'metadata', lastUpdatedMs: reading.metadata.lastUpdatedMs } : reading;
    this.#verdicts.set(key, verdict);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > VERDICTS_MAX && oldest !== undefined) this.#verdicts.delete(oldest);
    return verdict;
  }
}

export async function readVersion(files: TableFiles, name: ObjectName): Promise<MetadataReading | undefined> {
  const content = await readIfThere(files, name);
  return content === undefined ? undefined : readMetadata(content);
}

/** The metadata of a version that was good when it was published; undefined when the source no longer has it. */
export async function readPublished(files: TableFiles, name: ObjectName): Promise<TableMetadata | undefined> {
  const reading = await readVersion(files, name);
  return reading?.kind === 'metadata' ? reading.metadata : undefined;
}

export interface HintFile {
  readonly file: FileStat;
  /** Absent: the content names no version. */
  readonly hint?: Hint;
}

/** The writer deletes and renames the hint: not seeing it is normal. */
export async function readHint(location: TableLocation, files: TableFiles): Promise<HintFile | undefined> {
  const file = await files.stat(hintName(location));
  const content = file === undefined ? undefined : await readIfThere(files, file.name);
  if (file === undefined || content === undefined) return undefined;
  const hint = parseHint(content);
  return hint === undefined ? { file } : { file, hint };
}

async function readIfThere(files: TableFiles, name: ObjectName): Promise<Uint8Array | undefined> {
  try {
    return await files.read(name);
  } catch (error) {
    if (isStraitError(error, 'objectNotFound')) return undefined;
    throw error;
  }
}
