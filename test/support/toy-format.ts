/**
 * A table format small enough to see through, for tests of sync itself. The log of a table at `t/` is `t/_log/<n>`
 * from 0: lines `+name size`, `-name` and `@name` for a further control file `t/_log/name`. `t/_log/hint` names a
 * version. The published view must always be whole.
 */
import type { ObjectName } from '../../src/model/ids.ts';
import type {
  FileRef,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableStep,
  TableVersion,
} from '../../src/tables/port.ts';

export const logName = (prefix: string, version: number): ObjectName => `${prefix}_log/${version}`;
const hintName = (prefix: string): ObjectName => `${prefix}_log/hint`;

export interface ToyEntry {
  readonly adds: readonly { readonly name: ObjectName; readonly size: number }[];
  readonly removes: readonly ObjectName[];
  readonly children: readonly ObjectName[];
}

export function parseToyEntry(prefix: string, text: string): ToyEntry {
  const lines = text.split('\n').filter((line) => line !== '');
  const adds = lines
    .filter((line) => line.startsWith('+'))
    .map((line) => {
      const [name = '', size = '0'] = line.slice(1).split(' ');
      return { name: prefix + name, size: Number(size) };
    });
  const removes = lines.filter((line) => line.startsWith('-')).map((line) => prefix + line.slice(1));
  const children = lines.filter((line) => line.startsWith('@')).map((line) => `${prefix}_log/${line.slice(1)}`);
  return { adds, removes, children };
}

async function readEntry(files: TableFiles, prefix: string, version: number): Promise<ToyEntry> {
  return parseToyEntry(prefix, Buffer.from(await files.read(logName(prefix, version))).toString());
}

/** Files of `(from, to]` still live at `to`. */
async function liveAt(files: TableFiles, prefix: string, range: { from: number; to: number }): Promise<FileRef[]> {
  const live = new Map<ObjectName, FileRef>();
  for (let version = range.from + 1; version <= range.to; version += 1) {
    const { adds, removes } = await readEntry(files, prefix, version);
    for (const name of removes) live.delete(name);
    for (const ref of adds) live.set(ref.name, ref);
  }
  return [...live.values()];
}

const ordinalOf = (cursor: TableCursor | undefined): number => (cursor === undefined ? -1 : Number(cursor.ordinal));

function versionOf(prefix: string, version: number): TableVersion {
  const ordinal = String(version);
  return { cursor: { ordinal, label: ordinal }, kind: 'commit', visibility: logName(prefix, version) };
}

async function* controlOf(files: TableFiles, prefix: string, range: { from: number; to: number }) {
  for (let version = range.from + 1; version <= range.to; version += 1) {
    yield* (await readEntry(files, prefix, version)).children;
    yield logName(prefix, version);
  }
  const hint = await files.stat(hintName(prefix));
  if (hint === undefined) return;
  const named = Number(Buffer.from(await files.read(hint.name)).toString());
  if (named <= range.to) yield hint.name;
}

/** A hint that names a published version and is not the one readers see: published by itself. */
async function lateHint(
  files: TableFiles,
  prefix: string,
  last: TableCursor | undefined,
): Promise<TableVersion | undefined> {
  const hint = await files.stat(hintName(prefix));
  if (last === undefined || hint === undefined || last.state === String(hint.generation)) return undefined;
  const named = Number(Buffer.from(await files.read(hint.name)).toString());
  if (named > ordinalOf(last)) return undefined;
  return { cursor: { ...last, state: String(hint.generation) }, kind: 'attachment', visibility: hint.name };
}

export const toyFormat: TableFormat = {
  name: 'delta',
  recognise(name) {
    const at = name.indexOf('_log/');
    return at < 0 ? undefined : name.slice(0, at);
  },
  isControl: (location, name) => name.startsWith(`${location.prefix}_log/`),
  isStray: (_location, file) => file.name.endsWith('.crc'),
  isNeverListed: (_location, name) => name.endsWith('.lock'),
  async look(location, files, from) {
    const versions: TableVersion[] = [];
    for (let next = ordinalOf(from) + 1; (await files.stat(logName(location.prefix, next))) !== undefined; next += 1) {
      versions.push(versionOf(location.prefix, next));
    }
    const last = versions.at(-1)?.cursor ?? from;
    const hint = await lateHint(files, location.prefix, last);
    if (hint !== undefined) versions.push(hint);
    return { versions, more: false, warnings: [] };
  },
  async step(location, files, range): Promise<TableStep> {
    const between = { from: ordinalOf(range.from), to: Number(range.to.cursor.ordinal) };
    return {
      version: range.to,
      control: () => controlOf(files, location.prefix, between),
      async *closure() {
        yield* await liveAt(files, location.prefix, between);
      },
    };
  },
  async *live(location: TableLocation, files: TableFiles, cursor: TableCursor) {
    const to = ordinalOf(cursor);
    for (let version = 0; version <= to; version += 1) {
      yield { name: logName(location.prefix, version) };
      for (const name of (await readEntry(files, location.prefix, version)).children) yield { name };
    }
    yield* await liveAt(files, location.prefix, { from: -1, to });
  },
  probes: (location, from) => [{ kind: 'get', name: logName(location.prefix, ordinalOf(from) + 1) }],
};
