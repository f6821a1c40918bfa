import type {
  FileRef,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableLook,
  TableVersion,
} from '../../src/tables/port.ts';

/** Drives a table format as sync does, without sync. */

export interface WalkedStep {
  readonly version: TableVersion;
  readonly control: readonly string[];
  readonly closure: readonly FileRef[];
  readonly removes: readonly string[];
}

export interface TableWalk {
  readonly format: TableFormat;
  readonly location: TableLocation;
  readonly files: TableFiles;
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of source) list.push(each);
  return list;
}

export async function walkStep(
  { format, location, files }: TableWalk,
  from: TableCursor | undefined,
  to: TableVersion,
): Promise<WalkedStep> {
  const step = await format.step(location, files, { from, to });
  return {
    version: step.version,
    control: await collect(step.control()),
    closure: await collect(step.closure()),
    removes: step.removes === undefined ? [] : await collect(step.removes()),
  };
}

/** Every version the log holds after `from`, each as a step from the one before it. */
export async function walkAll(walk: TableWalk, from?: TableCursor): Promise<{ look: TableLook; steps: WalkedStep[] }> {
  const look = await walk.format.look(walk.location, walk.files, from);
  const steps: WalkedStep[] = [];
  let cursor = from;
  for (const version of look.versions) {
    steps.push(await walkStep(walk, cursor, version));
    cursor = version.cursor;
  }
  return { look, steps };
}

/** The newest version in one step. */
export async function walkNewest(walk: TableWalk, from?: TableCursor): Promise<WalkedStep | undefined> {
  const { versions } = await walk.format.look(walk.location, walk.files, from);
  const to = versions.at(-1);
  return to === undefined ? undefined : await walkStep(walk, from, to);
}

/** Names a step needs that the source does not have: what makes it late. */
export async function missingOf(files: TableFiles, step: WalkedStep): Promise<string[]> {
  const missing = new Set<string>();
  for (const name of step.control) if ((await files.stat(name)) === undefined) missing.add(name);
  for (const ref of step.closure) {
    const file = await files.stat(ref.name);
    if (ref.unread === true || (file === undefined && ref.history !== true)) missing.add(ref.name);
    else if (file !== undefined && ref.size !== undefined && ref.size !== file.size) missing.add(ref.name);
  }
  return [...missing].sort();
}
