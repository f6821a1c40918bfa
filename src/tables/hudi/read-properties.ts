import { isStraitError } from '../../model/errors.ts';
import type { ObjectName } from '../../model/ids.ts';
import type { TableFiles, TableProblem } from '../port.ts';
import { type Layout, PROPERTIES } from './names.ts';

/** What `hoodie.properties` says about where things are. */
export interface HudiTable {
  /** The folder that `.hoodie/` is in: the table's prefix, or the metadata table's root. */
  readonly root: ObjectName;
  readonly tableVersion: number;
  readonly layout: Layout;
  readonly timelineFolder: ObjectName;
  /** Layout 1: archived instants; layout 2: the LSM history. */
  readonly archiveFolder: ObjectName;
  /** Partitions of the metadata table that readers use; empty when there is none. */
  readonly metadataPartitions: readonly string[];
  /** `.hoodie_partition_metadata`, with the base file's ending where the table is set so. */
  readonly partitionMetadataLeaf: string;
}

export type PropertiesReading =
  | { readonly kind: 'table'; readonly table: HudiTable }
  | { readonly kind: 'absent' }
  | { readonly kind: 'problem'; readonly problem: TableProblem };

/**
 * The writer replaces the file under a `.backup` protocol (HoodieTableConfig): while it is gone, the backup is valid.
 */
export async function readTable(files: TableFiles, root: ObjectName): Promise<PropertiesReading> {
  const name = `${root}.hoodie/${PROPERTIES}`;
  const content = (await readIfThere(files, name)) ?? (await readIfThere(files, `${name}.backup`));
  if (content === undefined) return { kind: 'absent' };
  return interpret(root, parseProperties(Buffer.from(content).toString('utf8')));
}

const LAYOUT_1_VERSION_MAX = 6;
const LAYOUT_2_VERSIONS = [8, 9];

function interpret(root: ObjectName, properties: ReadonlyMap<string, string>): PropertiesReading {
  const tableVersion = Number(properties.get('hoodie.table.version') ?? 0);
  const layout = Number(properties.get('hoodie.timeline.layout.version') ?? (tableVersion >= 8 ? 2 : 1));
  const isKnown =
    (layout <= 1 && tableVersion >= 0 && tableVersion <= LAYOUT_1_VERSION_MAX) ||
    (layout === 2 && LAYOUT_2_VERSIONS.includes(tableVersion));
  if (!isKnown || !Number.isInteger(tableVersion) || !Number.isInteger(layout)) {
    const message = `table version ${tableVersion} with timeline layout ${layout} is not one this release reads`;
    return { kind: 'problem', problem: { kind: 'broken', name: `${root}.hoodie/${PROPERTIES}`, message } };
  }
  const control = `${root}.hoodie/`;
  const timelineFolder =
    layout === 2 ? subfolder(control, properties.get('hoodie.timeline.path') ?? 'timeline') : control;
  const archiveFolder =
    layout === 2
      ? subfolder(timelineFolder, properties.get('hoodie.timeline.history.path') ?? 'history')
      : subfolder(control, properties.get('hoodie.archivelog.folder') ?? 'archived');
  const isBaseFormat = properties.get('hoodie.partition.metafile.use.base.format') === 'true';
  const ending = (properties.get('hoodie.table.base.file.format') ?? 'PARQUET').toLowerCase();
  const table: HudiTable = {
    root,
    tableVersion,
    layout: layout === 2 ? 2 : 1,
    timelineFolder,
    archiveFolder,
    metadataPartitions: (properties.get('hoodie.table.metadata.partitions') ?? '').split(',').filter(Boolean),
    partitionMetadataLeaf: isBaseFormat ? `.hoodie_partition_metadata.${ending}` : '.hoodie_partition_metadata',
  };
  return { kind: 'table', table };
}

/** Old tables set an empty archive folder: archives then lie in `.hoodie/` itself. */
function subfolder(folder: ObjectName, path: string): ObjectName {
  return path === '' ? folder : `${folder}${path}/`;
}

/** Java's `.properties` format: comments, `=` or `:` or blank as separator, `\` escapes, continued lines. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; at += 1) {
    let line = (lines[at] ?? '').trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(line) && at + 1 < lines.length) {
      at += 1;
      line = line.slice(0, -1) + (lines[at] ?? '').trimStart();
    }
    const match = /^((?:[^\\=:\s]|\\.)*)\s*[=:]?\s*(.*)$/s.exec(line);
    if (match !== null) properties.set(unescapeText(match[1] ?? ''), unescapeText(match[2] ?? ''));
  }
  return properties;
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_all, hex: string | undefined, char: string | undefined) =>
    hex === undefined ? (ESCAPES[char ?? ''] ?? char ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export async function readIfThere(files: TableFiles, name: ObjectName): Promise<Uint8Array | undefined> {
  try {
    return await files.read(name);
  } catch (error) {
    if (isStraitError(error, 'objectNotFound')) return undefined;
    throw error;
  }
}
