import { crc32 } from 'node:zlib';
import type { GeneratedFile } from './generate-iceberg.ts';
import { CLEAN_METADATA, COMMIT_METADATA, PLAN, RESTORE_METADATA, ROLLBACK_METADATA } from './hudi-schemas.ts';
import { writeAvro } from './write-avro.ts';

/**
 * Hudi tables made to order, for what no sample covers: cleans, archives, restores, failed writes, pending compactions,
 * upgrades. Pure: the same calls give the same bytes. Timelines and their metadata are real; data, logs and the files
 * of the metadata table are a few opaque bytes. Every operation gives what a writer stores and deletes, in its order. A
 * file without bytes is a delete.
 */
export interface HudiOptions {
  readonly prefix: string;
  readonly layout: 1 | 2;
  readonly type: 'COPY_ON_WRITE' | 'MERGE_ON_READ';
  readonly hasMetadataTable?: boolean;
  readonly partitions?: readonly string[];
}

interface Group {
  readonly partition: string;
  readonly fileId: string;
  /** Oldest first. */
  readonly slices: { base: string; ts: string; logs: string[] }[];
}

interface Action {
  readonly ts: string;
  readonly action: string;
  /** Requested, inflight, completed. */
  readonly names: readonly string[];
  /** Data files written. */
  readonly wrote: readonly string[];
  readonly groups: readonly Group[];
  /** Groups it took out of the table. */
  readonly replaced?: readonly Group[];
}

interface Stat {
  readonly group: Group;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isLog: boolean;
}

export class HudiGenerator {
  readonly #options: HudiOptions;
  readonly #partitions: readonly string[];
  #layout: 1 | 2;
  #clock = 0;
  #serial = 0;
  #token = 0;
  #groups: Group[] = [];
  #actions: Action[] = [];
  #metadataActions: Action[] = [];
  #written = new Set<string>();
  #archives = 0;
  #pendingBase: string | undefined;
  #comment = 0;

  constructor(options: HudiOptions) {
    this.#options = options;
    this.#layout = options.layout;
    this.#partitions = options.partitions ?? ['city=a', 'city=b'];
  }

  get lastTs(): string {
    return this.#actions.at(-1)?.ts ?? '';
  }

  /** File name of the newest completed instant. */
  get lastInstant(): string {
    const name = this.#actions.at(-1)?.names.at(-1) ?? '';
    return name.slice(name.lastIndexOf('/') + 1);
  }

  /** Files of the newest slices: what a reader of the table opens. */
  get liveNames(): readonly string[] {
    return this.#groups.flatMap(({ slices }) => {
      const last = slices.at(-1);
      return last === undefined ? [] : [last.base, ...last.logs].filter((name) => name !== '');
    });
  }

  /** Settings; and the first build of the metadata table, where there is one. */
  create(): GeneratedFile[] {
    if (this.#options.hasMetadataTable !== true) return [this.#properties(false)];
    return [this.#properties(false), ...this.#buildMetadata(), this.#properties(true)];
  }

  insert(groupsPerPartition = 1): GeneratedFile[] {
    const ts = this.#tick();
    const stats = this.#partitions.flatMap((partition) =>
      Array.from({ length: groupsPerPartition }, () => this.#newGroup(partition, ts)),
    );
    return this.#write(ts, this.#writeAction(), stats);
  }

  /** Copy on write: a new slice a group. Merge on read: a log file a group. */
  update(): GeneratedFile[] {
    const ts = this.#tick();
    const stats = this.#groups.map((group) =>
      this.#options.type === 'COPY_ON_WRITE' ? this.#newSlice(group, ts) : this.#newLog(group, ts),
    );
    return this.#write(ts, this.#writeAction(), stats);
  }

  overwrite(): GeneratedFile[] {
    const ts = this.#tick();
    const replaced = this.#groups;
    this.#groups = [];
    const stats = this.#partitions.map((partition) => this.#newGroup(partition, ts));
    return this.#write(ts, 'replacecommit', stats, replaced);
  }

  /** The plan of a compaction, not yet carried out: later logs lie over it (layout 1). */
  scheduleCompaction(): GeneratedFile[] {
    const ts = this.#tick();
    this.#pendingBase = ts;
    for (const group of this.#groups) group.slices.push({ base: '', ts, logs: [] });
    const plan = writeAvro(PLAN, [{ fileIds: this.#groups.map(({ fileId }) => fileId) }]);
    return [{ name: this.#instant(ts, 'compaction.requested'), bytes: plan }];
  }

  compact(): GeneratedFile[] {
    const ts = this.#pendingBase ?? '';
    this.#pendingBase = undefined;
    const stats = this.#groups.map((group) => {
      const slice = group.slices.find((each) => each.ts === ts);
      const stat = this.#baseFile(group, ts);
      if (slice !== undefined) slice.base = stat.name;
      return stat;
    });
    const inflight = { name: this.#instant(ts, 'compaction.inflight'), bytes: Buffer.alloc(0) };
    const requested = this.#instant(ts, 'compaction.requested');
    return [inflight, ...this.#finish(ts, 'commit', stats, { before: [requested, inflight.name], replaced: [] })];
  }

  /** A write that dies before it completes: its requested and inflight files and its data stay. */
  failedWrite(): GeneratedFile[] {
    const ts = this.#tick();
    const [requested, inflight] = this.#pending(ts, this.#writeAction());
    const [group] = this.#groups;
    if (group === undefined) throw new Error('nothing to write over');
    const stat = this.#options.type === 'COPY_ON_WRITE' ? this.#baseFile(group, ts) : this.#logFile(group, ts);
    this.#failed = { ts, group, stat, names: [requested.name, inflight.name] };
    return [requested, inflight, { name: stat.name, bytes: stat.bytes }];
  }

  #failed: { ts: string; group: Group; stat: Stat; names: readonly string[] } | undefined;

  /** Takes the failed write back: a base is deleted; a log stays, and a command block is logged (layout 1). */
  rollback(): GeneratedFile[] {
    const failed = this.#failed;
    if (failed === undefined) throw new Error('nothing to roll back');
    const ts = this.#tick();
    const foreign = (name: string) => `file:/elsewhere/${name.slice(this.#options.prefix.length)}`;
    const isKept = failed.stat.isLog && this.#layout === 1;
    const block = isKept ? [this.#logFile(failed.group, ts)] : [];
    const sizes = (names: readonly string[]) => Object.fromEntries(names.map((name) => [foreign(name), 9]));
    const metadata = this.#rollbackOf(failed.ts, failed.group.partition, {
      deleted: isKept ? [] : [foreign(failed.stat.name)],
      blocks: sizes(block.map(({ name }) => name)),
      failedLogs: sizes(isKept ? [failed.stat.name] : []),
    });
    const kept = isKept ? [failed.stat.name, ...block.map(({ name }) => name)] : [];
    failed.group.slices.at(-1)?.logs.push(...kept);
    for (const name of kept) this.#written.add(name);
    const [requested, inflight] = this.#pending(ts, 'rollback');
    const metadataTable = this.#metadataCommit(ts);
    const done = this.#complete(ts, 'rollback', writeAvro(ROLLBACK_METADATA, [metadata]), {
      before: [requested.name, inflight.name],
      wrote: kept,
    });
    return [
      requested,
      inflight,
      ...block.map(({ name, bytes }) => ({ name, bytes })),
      ...(isKept ? [] : [{ name: failed.stat.name }]),
      ...metadataTable,
      ...failed.names.toReversed().map((name) => ({ name })),
      done,
    ];
  }

  #rollbackOf(
    commit: string,
    partition: string,
    files: {
      readonly deleted: readonly string[];
      readonly blocks: Readonly<Record<string, number>>;
      readonly failedLogs: Readonly<Record<string, number>>;
    },
  ): object {
    return {
      startRollbackTime: commit,
      commitsRollback: [commit],
      partitionMetadata: {
        [partition]: {
          partitionPath: partition,
          successDeleteFiles: files.deleted,
          failedDeleteFiles: [],
          rollbackLogFiles: files.blocks,
          logFilesFromFailedCommit: files.failedLogs,
        },
      },
      instantsRollback: [{ commitTime: commit, action: this.#writeAction() }],
    };
  }

  /** Keeps the newest slice of each group; deletes the others and the groups that were replaced. */
  clean(): GeneratedFile[] {
    const ts = this.#tick();
    const kept = new Set(this.liveNames);
    const gone = [...this.#written].filter((name) => !kept.has(name));
    this.#written = kept;
    for (const group of this.#groups) group.slices.splice(0, group.slices.length - 1);
    const [requested, inflight] = this.#pending(ts, 'clean');
    const metadataTable = this.#metadataCommit(ts);
    const metadata = { startCleanTime: ts, totalFilesDeleted: gone.length, deletedFiles: gone };
    const done = this.#complete(ts, 'clean', writeAvro(CLEAN_METADATA, [metadata]), {
      before: [requested.name, inflight.name],
    });
    return [requested, inflight, ...gone.map((name) => ({ name })), ...metadataTable, done];
  }

  /**
   * Back to the state after `ts`: everything completed since is deleted, newest first, before the restore completes.
   */
  restore(ts: string): GeneratedFile[] {
    const undone = this.#actions.filter((action) => action.ts > ts).toReversed();
    this.#actions = this.#actions.filter((action) => action.ts <= ts);
    const now = this.#tick();
    const [requested, inflight] = this.#pending(now, 'restore');
    const files: GeneratedFile[] = [requested, inflight];
    for (const action of undone) {
      for (const name of [...action.names.toReversed(), ...action.wrote]) files.push({ name });
      for (const name of action.wrote) this.#written.delete(name);
      for (const { slices } of this.#groups) {
        for (const slice of slices) slice.logs = slice.logs.filter((name) => !action.wrote.includes(name));
        for (let at = slices.length - 1; at >= 0; at -= 1) {
          if (action.wrote.includes(slices[at]?.base ?? '')) slices.splice(at, 1);
        }
      }
      this.#groups = [...this.#groups.filter(({ slices }) => slices.length > 0), ...(action.replaced ?? [])];
    }
    const metadata = {
      startRestoreTime: now,
      instantsToRollback: undone.map((action) => action.ts),
      hoodieRestoreMetadata: Object.fromEntries(
        undone.map((action) => [
          action.ts,
          [this.#rollbackOf(action.ts, this.#partitions[0] ?? '', { deleted: [], blocks: {}, failedLogs: {} })],
        ]),
      ),
      restoreInstantInfo: undone.map((action) => ({ commitTime: action.ts, action: action.action })),
    };
    files.push(...this.#metadataRestore(ts, now));
    const before = [requested.name, inflight.name];
    files.push(this.#complete(now, 'restore', writeAvro(RESTORE_METADATA, [metadata]), { before }));
    return files;
  }

  /** Moves all but the newest `keep` actions, and the newest write, into the archive; the archive is written first. */
  archive(keep: number): GeneratedFile[] {
    const newestWrite = this.#actions.findLastIndex(({ action }) => /commit$/.test(action));
    const gone = this.#actions.slice(0, Math.max(0, Math.min(this.#actions.length - keep, newestWrite)));
    this.#actions = this.#actions.slice(gone.length);
    this.#archives += 1;
    const names = gone.flatMap((action) => [...action.names].toReversed());
    const archived = Buffer.from(gone.map((action) => action.ts).join('\n'));
    const deletes = names.map((name) => ({ name }));
    if (this.#layout === 1) {
      const name = `${this.#options.prefix}.hoodie/archived/.commits_.archive.${this.#archives}_1-0-1`;
      return [{ name, bytes: archived }, ...deletes];
    }
    const folder = `${this.#options.prefix}.hoodie/timeline/history/`;
    const parquet = `${gone[0]?.ts}_${gone.at(-1)?.ts}_0.parquet`;
    this.#history.push({ fileName: parquet, fileLen: archived.length });
    return [
      { name: folder + parquet, bytes: archived },
      { name: `${folder}manifest_${this.#archives}`, bytes: Buffer.from(JSON.stringify({ files: this.#history })) },
      { name: `${folder}_version_`, bytes: Buffer.from(String(this.#archives)) },
      ...deletes,
    ];
  }

  readonly #history: { readonly fileName: string; readonly fileLen: number }[] = [];

  setProperty(): GeneratedFile[] {
    this.#comment += 1;
    return [this.#properties(this.#options.hasMetadataTable === true)];
  }

  /** Table version 6 → 8: the timeline is written anew with completion times, the old form deleted. */
  upgrade(): GeneratedFile[] {
    const old = this.#actions;
    this.#layout = 2;
    this.#actions = [];
    const files: GeneratedFile[] = [];
    for (const { ts, action, groups, wrote } of old) {
      const stats = groups.map((group, index) => {
        const name = wrote[index] ?? '';
        const bytes = Buffer.from(name.slice(name.lastIndexOf('/') + 1));
        return { group, name, bytes, isLog: name.includes('.log.') };
      });
      const before = this.#pending(ts, action);
      const name = this.#instant(`${ts}_${this.#tick()}`, action);
      files.push(...before, { name, bytes: this.#commitMetadata(stats, []) });
      this.#actions.push({ ts, action, names: [...before.map((each) => each.name), name], wrote, groups });
    }
    files.push(...this.setProperty());
    return [...files, ...old.flatMap(({ names }) => names.map((name) => ({ name })))];
  }

  #writeAction(): string {
    return this.#options.type === 'COPY_ON_WRITE' ? 'commit' : 'deltacommit';
  }

  /** A millisecond later; 17 digits. */
  #tick(): string {
    this.#clock += 1;
    return `20260102${String(30_000_000 + this.#clock * 7).padStart(9, '0')}`;
  }

  #write(ts: string, action: string, stats: readonly Stat[], replaced: readonly Group[] = []): GeneratedFile[] {
    const [requested, inflight] = this.#pending(ts, action);
    const before = [requested.name, inflight.name];
    return [requested, inflight, ...this.#finish(ts, action, stats, { before, replaced })];
  }

  /** Data, the metadata table, then the completed instant. */
  #finish(
    ts: string,
    action: string,
    stats: readonly Stat[],
    rest: { readonly before: readonly string[]; readonly replaced: readonly Group[] },
  ): GeneratedFile[] {
    const wrote = stats.map(({ name }) => name);
    for (const name of wrote) this.#written.add(name);
    const metadata = this.#commitMetadata(stats, rest.replaced);
    const groups = stats.map(({ group }) => group);
    return [
      ...this.#partitionFiles(stats),
      ...stats.map(({ name, bytes }) => ({ name, bytes })),
      ...this.#metadataCommit(ts),
      this.#complete(ts, action, metadata, { before: rest.before, wrote, groups, replaced: rest.replaced }),
    ];
  }

  #partitionFiles(stats: readonly Stat[]): GeneratedFile[] {
    return [...new Set(stats.map(({ group }) => group.partition))].map((partition) => ({
      name: `${this.#options.prefix}${partition}/.hoodie_partition_metadata`,
      bytes: Buffer.from('#partition metadata\npartitionDepth=1\n'),
    }));
  }

  #pending(ts: string, action: string): [GeneratedFile, GeneratedFile] {
    // A commit in flight has no action in its name.
    const inflight = action === 'commit' ? 'inflight' : `${action}.inflight`;
    return [
      { name: this.#instant(ts, `${action}.requested`), bytes: Buffer.alloc(0) },
      { name: this.#instant(ts, inflight), bytes: Buffer.alloc(0) },
    ];
  }

  #complete(
    ts: string,
    action: string,
    bytes: Uint8Array,
    rest: {
      readonly before: readonly string[];
      readonly wrote?: readonly string[];
      readonly groups?: readonly Group[];
      readonly replaced?: readonly Group[];
    },
  ): GeneratedFile {
    const name = this.#layout === 1 ? this.#instant(ts, action) : this.#instant(`${ts}_${this.#tick()}`, action);
    const { before, wrote = [], groups = [], replaced = [] } = rest;
    this.#actions.push({ ts, action, names: [...before, name], wrote, groups, replaced });
    return { name, bytes };
  }

  #instant(ts: string, rest: string): string {
    return `${this.#options.prefix}.hoodie/${this.#layout === 1 ? '' : 'timeline/'}${ts}.${rest}`;
  }

  #newGroup(partition: string, ts: string): Stat {
    this.#serial += 1;
    const fileId = `${String(this.#serial).padStart(8, '0')}-0000-4000-8000-000000000000-0`;
    const group: Group = { partition, fileId, slices: [] };
    this.#groups.push(group);
    return this.#newSlice(group, ts);
  }

  #newSlice(group: Group, ts: string): Stat {
    const stat = this.#baseFile(group, ts);
    group.slices.push({ base: stat.name, ts, logs: [] });
    return stat;
  }

  #newLog(group: Group, ts: string): Stat {
    const stat = this.#logFile(group, ts);
    group.slices.at(-1)?.logs.push(stat.name);
    return stat;
  }

  #baseFile(group: Group, ts: string): Stat {
    this.#token += 1;
    const leaf = `${group.fileId}_0-${this.#token}-0_${ts}.parquet`;
    return this.#stat(group, leaf, false);
  }

  #logFile(group: Group, ts: string): Stat {
    this.#token += 1;
    const slice = group.slices.at(-1);
    const version = this.#layout === 1 ? (slice?.logs.length ?? 0) + 1 : 1;
    const leaf = `.${group.fileId}_${this.#layout === 1 ? slice?.ts : ts}.log.${version}_0-${this.#token}-0`;
    return this.#stat(group, leaf, true);
  }

  #stat(group: Group, leaf: string, isLog: boolean): Stat {
    return { group, name: `${this.#options.prefix}${group.partition}/${leaf}`, bytes: Buffer.from(leaf), isLog };
  }

  #commitMetadata(stats: readonly Stat[], replaced: readonly Group[]): Uint8Array {
    const writes: Record<string, object[]> = {};
    for (const { group, name, bytes, isLog } of stats) {
      const leaf = name.slice(name.lastIndexOf('/') + 1);
      const base = group.slices.at(-1)?.base ?? '';
      const entry = {
        fileId: group.fileId,
        path: `${group.partition}/${leaf}`,
        prevCommit: 'null',
        numWrites: 1,
        partitionPath: group.partition,
        fileSizeInBytes: bytes.length,
        baseFile: isLog && this.#layout === 1 && base !== '' ? base.slice(base.lastIndexOf('/') + 1) : null,
        logFiles: isLog ? [leaf] : null,
        cdcStats: null,
      };
      writes[group.partition] = [...(writes[group.partition] ?? []), entry];
    }
    const replacedIds: Record<string, string[]> = {};
    for (const { partition, fileId } of replaced) {
      replacedIds[partition] = [...(replacedIds[partition] ?? []), fileId];
    }
    const metadata = {
      partitionToWriteStats: writes,
      operationType: 'UPSERT',
      partitionToReplaceFileIds: replacedIds,
    };
    return this.#layout === 1 ? Buffer.from(JSON.stringify(metadata)) : writeAvro(COMMIT_METADATA, [metadata]);
  }

  #properties(hasMetadata: boolean): GeneratedFile {
    const lines = [
      `#Updated ${this.#comment}`,
      'hoodie.table.name=made',
      `hoodie.table.type=${this.#options.type}`,
      `hoodie.table.version=${this.#layout === 1 ? 6 : 8}`,
      `hoodie.timeline.layout.version=${this.#layout}`,
      'hoodie.archivelog.folder=archived',
      `hoodie.table.metadata.partitions=${hasMetadata ? 'files' : ''}`,
      ...(this.#layout === 1 ? [] : ['hoodie.timeline.path=timeline', 'hoodie.timeline.history.path=history']),
      `hoodie.table.checksum=${crc32('default.made')}`,
    ];
    return { name: `${this.#options.prefix}.hoodie/hoodie.properties`, bytes: Buffer.from(lines.join('\n')) };
  }

  get #metadataRoot(): string {
    return `${this.#options.prefix}.hoodie/metadata/`;
  }

  #metadataInstant(ts: string, rest: string): string {
    return `${this.#metadataRoot}.hoodie/${this.#layout === 1 ? '' : 'timeline/'}${ts}.${rest}`;
  }

  #buildMetadata(): GeneratedFile[] {
    const root = this.#metadataRoot;
    const properties = this.#properties(false);
    return [
      { ...properties, name: `${root}.hoodie/hoodie.properties` },
      { name: `${root}files/.hoodie_partition_metadata`, bytes: Buffer.from('partitionDepth=1\n') },
      { name: `${root}files/.files-0000-0_00000000000000000.log.1_0-0-0`, bytes: Buffer.from('start') },
      ...this.#metadataWrite('00000000000000000', `files-0000-0_0-1-1_00000000000000000.hfile`),
    ];
  }

  #metadataCommit(ts: string): GeneratedFile[] {
    if (this.#options.hasMetadataTable !== true) return [];
    const slice = this.#layout === 1 ? '00000000000000000' : ts;
    this.#token += 1;
    const version = this.#layout === 1 ? this.#metadataActions.length + 1 : 1;
    return this.#metadataWrite(ts, `.files-0000-0_${slice}.log.${version}_0-${this.#token}-0`);
  }

  #metadataWrite(ts: string, leaf: string): GeneratedFile[] {
    const group: Group = { partition: 'files', fileId: 'files-0000-0', slices: [] };
    const stat = {
      group,
      name: `${this.#metadataRoot}files/${leaf}`,
      bytes: Buffer.from(leaf),
      isLog: leaf.startsWith('.'),
    };
    const before = ['requested', 'inflight'].map((state) => ({
      name: this.#metadataInstant(ts, `deltacommit.${state}`),
      bytes: Buffer.alloc(0),
    }));
    const name = this.#metadataInstant(this.#layout === 1 ? ts : `${ts}_${this.#tick()}`, 'deltacommit');
    const names = [...before.map((each) => each.name), name];
    this.#metadataActions.push({ ts, action: 'deltacommit', names, wrote: [stat.name], groups: [] });
    return [{ name: stat.name, bytes: stat.bytes }, ...before, { name, bytes: this.#commitMetadata([stat], []) }];
  }

  /**
   * The metadata table is taken back with the table: its later instants and logs go, one is written for the restore.
   */
  #metadataRestore(ts: string, now: string): GeneratedFile[] {
    if (this.#options.hasMetadataTable !== true) return [];
    const gone = this.#metadataActions.filter((action) => action.ts > ts);
    this.#metadataActions = this.#metadataActions.filter((action) => action.ts <= ts);
    const deletes = gone.flatMap(({ names, wrote }) => [...names.toReversed(), ...wrote].map((name) => ({ name })));
    return [...deletes, ...this.#metadataCommit(now)];
  }
}
