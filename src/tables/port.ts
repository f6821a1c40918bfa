import type { ObjectName } from '../model/ids.ts';

/**
 * What a table format tells sync. A format reads the *source's* control files (already local and verified) and says
 * which versions the log holds, in commit order, and what a reader of each version needs. It decides nothing about
 * transfer or visibility, does no writes, and walks tables of any size in a stream.
 *
 * All names are full object names in the table's bucket.
 */

export type TableFormatName = 'delta' | 'iceberg' | 'hudi' | 'directory';

/** A table root: `prefix` ends in `/`, or is empty for a bucket that is one table. */
export interface TableLocation {
  readonly bucket: string;
  readonly prefix: ObjectName;
  readonly format: TableFormatName;
  /** Iceberg only: foreign path prefixes that stand for this table's prefix; the longest match wins. */
  readonly pathAliases?: readonly string[];
}

export interface FileStat {
  readonly name: ObjectName;
  /** Opaque; differs when the content does. */
  readonly generation: bigint;
  readonly size: number;
  readonly updatedMs: number;
}

/** The source's files as sync knows them. */
export interface TableFiles {
  stat(name: ObjectName): Promise<FileStat | undefined>;
  /** Names under `prefix` after `startAfter`, in UTF-8 byte order. */
  list(prefix: ObjectName, startAfter?: ObjectName): AsyncIterable<FileStat>;
  /** Whole content; `objectNotFound` when it is not there. For control files that fit in memory (≤ 64 MiB). */
  read(name: ObjectName): Promise<Uint8Array>;
  /** Random access for Parquet and Avro of any size: bytes `[start, end)`. */
  readRange(name: ObjectName, start: number, end: number): Promise<Uint8Array>;
  /**
   * What readers of this site see under `prefix` now, with the generations they see, in UTF-8 byte order. A format
   * needs it where names leave the log or enter it behind the cursor: instants that a restore removed or that arrived
   * late, a mutable file that changed without a commit. Absent: only the cursor says what is published.
   */
  listPublished?(prefix: ObjectName): AsyncIterable<FileStat>;
}

/**
 * A file that a version reaches. `size` when the log's word on it can be trusted: a source file of another size is
 * broken.
 */
export interface FileRef {
  readonly name: ObjectName;
  readonly size?: number;
  /** Only history (an older Iceberg snapshot) reaches it: shown when the source has it, no obstacle when it is gone. */
  readonly history?: true;
  /**
   * A control file the walk had to read and did not find. What lies behind it is not in this walk, so the step is
   * incomplete even if the file turns up before the step is gathered: walk again when it is there.
   */
  readonly unread?: true;
  /** No metadata names it: a reader counts it because it is listed. When the source lacks it, no reader there does. */
  readonly listed?: true;
}

/**
 * Where publication of a table has come to. Opaque to sync, which stores it with the publish; JSON-safe. `ordinal`
 * rises with every version published: Delta version, Iceberg metadata version, rank of a Hudi completion.
 */
export interface TableCursor {
  readonly ordinal: string;
  /** What people call the version: `12`, `v3.metadata.json`, `20260307135926671`. */
  readonly label: string;
  /** The format's own notes, at most 8 KiB as JSON. */
  readonly state?: unknown;
}

/** A version found in the log, or an attachment to published ones (a checkpoint, a checksum that came late). */
export interface TableVersion {
  readonly cursor: TableCursor;
  readonly kind: 'commit' | 'attachment';
  /** The object whose appearance makes the version readable. */
  readonly visibility: ObjectName;
}

/** The way a step goes. `to` may skip versions in between. */
export interface StepRange {
  readonly from: TableCursor | undefined;
  /** A version that `look` returned for the same `from`. */
  readonly to: TableVersion;
}

/** What must be published together to go from one cursor to a version. */
export interface TableStep {
  readonly version: TableVersion;
  /**
   * Control names that change with it, children before parents, the visibility object and then hints last. A publish
   * shows them all in one transaction. Control files of versions in between are among them.
   */
  readonly control: () => AsyncIterable<ObjectName>;
  /** Every data file the version reaches that the `from` cursor's version did not. Streamed; may repeat a name. */
  readonly closure: () => AsyncIterable<FileRef>;
  /**
   * Names that must vanish in the same transaction because a reader would misread them beside the new version: the
   * instants a Hudi restore removes, the old files of an overwritten directory. Absent: none.
   */
  readonly removes?: () => AsyncIterable<ObjectName>;
}

/** What is wrong with a table's log, as a value: a broken log holds its own table and nobody else. */
export type TableProblem =
  /** A control file does not parse, has a hole, or needs a feature this reader does not know. */
  | { readonly kind: 'broken'; readonly name: ObjectName; readonly message: string }
  /** Iceberg paths that no prefix or alias resolves: the table is mirrored as plain objects. */
  | { readonly kind: 'unresolved'; readonly path: string };

/** What `step`, its streams and `live` throw when a file that `look` did not open is bad. Treat it as that problem. */
export class TableLogError extends Error {
  override readonly name = 'TableLogError';
  readonly problem: TableProblem;

  constructor(problem: TableProblem, options?: { cause?: unknown }) {
    super(
      problem.kind === 'broken' ? `${problem.name}: ${problem.message}` : `cannot resolve ${problem.path}`,
      options,
    );
    this.problem = problem;
  }
}

export interface TableLook {
  /** After the cursor, in commit order. Attachments stand where they may be published. */
  readonly versions: readonly TableVersion[];
  /** The log holds more than fits in one look: look again after publishing these. */
  readonly more: boolean;
  readonly problem?: TableProblem;
  readonly warnings: readonly string[];
  /** In place of `TableFormat.completedBefore`, where more must be listed before a step is taken. */
  readonly completedBefore?: ObjectName;
}

export interface TableFormat {
  readonly name: TableFormatName;
  /** The table root this name proves, or undefined. Pure; called for every control-like name of a listing. */
  recognise(name: ObjectName): ObjectName | undefined;
  /** True for names that only a publish may list: the log, the timeline, the metadata folder. */
  isControl(location: TableLocation, name: ObjectName): boolean;
  /**
   * True for a control name that cannot mislead a reader of `cursor` (a Hadoop `.crc`, an orphan manifest, a file of an
   * older version that came late): sync may list it by itself, after the publish and once it is loose as data names are
   * (named by no unpublished version, and of age). False for what only a publish may show: log entries, checkpoints,
   * completed instants, hints, mutable files.
   */
  isStray(location: TableLocation, file: FileStat, cursor: TableCursor): boolean;
  /** True for names that never appear at a site: markers, heartbeats, locks. */
  isNeverListed(location: TableLocation, name: ObjectName): boolean;
  /**
   * A published control name that means the same for as long as its bytes are the same: written again, it is shown by
   * itself. Absent: none is; a marker or a hint may say something by its generation alone.
   */
  isByContent?(location: TableLocation, name: ObjectName): boolean;
  /** Reads the log after `from` (undefined: nothing published yet). At most about 200 versions a look. */
  look(location: TableLocation, files: TableFiles, from: TableCursor | undefined): Promise<TableLook>;
  /** How to go from one cursor to a version. */
  step(location: TableLocation, files: TableFiles, range: StepRange): Promise<TableStep>;
  /**
   * Every file (data and control) a reader of `cursor` may need: the live set, streamed. For retire and verify. Throws
   * `TableLogError` when the log cannot say (a Hudi restore is under way): then nothing of the table is retired.
   */
  live(location: TableLocation, files: TableFiles, cursor: TableCursor): AsyncIterable<FileRef>;
  /**
   * A folder whose files a writer completes before its version becomes visible, and which the version does not name
   * (Hudi's metadata table). Sync lists it at the source after it saw a version and before it takes a step to it.
   * Absent: none.
   */
  completedBefore?(location: TableLocation): ObjectName;
  /** Names to ask the source for, cheaply, to learn whether a newer version exists. */
  probes(location: TableLocation, from: TableCursor | undefined): readonly TailProbe[];
}

/** One cheap question to the source. `list`: names after `startAfter` under `prefix` (one page is enough). */
export type TailProbe =
  | { readonly kind: 'get'; readonly name: ObjectName }
  | { readonly kind: 'list'; readonly prefix: ObjectName; readonly startAfter?: ObjectName };
