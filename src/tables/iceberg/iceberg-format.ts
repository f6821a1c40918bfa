import type { ObjectName } from '../../model/ids.ts';
import type {
  FileRef,
  FileStat,
  StepRange,
  TableCursor,
  TableFiles,
  TableFormat,
  TableLocation,
  TableLook,
  TableStep,
  TableVersion,
  TailProbe,
} from '../port.ts';
import { look, stateOf } from './look.ts';
import { HINT_LEAF, hintName, leafOf, metadataFolder, rootOf, versionNumber } from './names.ts';
import { MetadataLog, readPublished } from './read-log.ts';
import type { StatisticsFile, TableMetadata } from './read-metadata.ts';
import { pathResolver } from './resolve-path.ts';
import { type Need, SnapshotWalk, splitSnapshots } from './walk-snapshots.ts';

/**
 * Apache Iceberg, formats 1 to 3, as a file-system table (`v<N>.metadata.json` and a hint) or as a catalog leaves it
 * (`<N>-<uuid>.metadata.json`). The metadata file is the visibility point: Hadoop readers walk forward from the hint
 * while `v<N+1>` exists, so the hint goes last and never backwards.
 *
 * A version must be whole for its current snapshot and its refs. Older snapshots are history: what the source still has
 * of them is shown too, and what it has expired holds nothing back.
 */
export class IcebergFormat implements TableFormat {
  readonly name = 'iceberg';
  readonly #log = new MetadataLog();

  recognise(name: ObjectName): ObjectName | undefined {
    return rootOf(name);
  }

  isControl(location: TableLocation, name: ObjectName): boolean {
    return name.startsWith(metadataFolder(location));
  }

  /** The hint is never one: only `look` knows where it points. Later versions wait for their own publish. */
  isStray(location: TableLocation, file: FileStat, cursor: TableCursor): boolean {
    const leaf = leafOf(location, file.name);
    if (leaf === undefined || leaf === HINT_LEAF) return false;
    const version = versionNumber(leaf);
    return version === undefined || version <= BigInt(cursor.ordinal);
  }

  isNeverListed(): boolean {
    return false;
  }

  look(location: TableLocation, files: TableFiles, from: TableCursor | undefined): Promise<TableLook> {
    return look({ log: this.#log, location, files }, from);
  }

  async step(location: TableLocation, files: TableFiles, range: StepRange): Promise<TableStep> {
    if (range.to.kind === 'attachment') return hintStep(range.to);
    const step = new IcebergStep({ log: this.#log, location, files, ...range });
    return { version: range.to, control: () => step.control(), closure: () => step.closure() };
  }

  async *live(location: TableLocation, files: TableFiles, cursor: TableCursor): AsyncGenerator<FileRef> {
    const visibility = metadataFolder(location) + cursor.label;
    yield { name: visibility };
    if (stateOf(cursor).hintGeneration !== undefined) yield { name: hintName(location) };
    const metadata = await readPublished(files, visibility);
    if (metadata === undefined) {
      yield { name: visibility, unread: true };
      return;
    }
    const resolve = pathResolver(location);
    for (const path of metadata.log) {
      const name = resolve(path);
      if (name !== undefined) yield { name, history: true };
    }
    const walk = new SnapshotWalk(files, resolve);
    const { head, history } = splitSnapshots(metadata);
    for (const [need, wanted, known] of [
      ['head', head, []],
      ['history', history, head],
    ] as const) {
      for (const snapshot of wanted) {
        const list = walk.listName(snapshot);
        if (list !== undefined) yield refOf(list, need);
      }
      for await (const manifest of walk.freshManifests(wanted, known, need)) {
        yield refOf(manifest, need);
        yield* walk.filesOf(manifest, need);
      }
    }
    for (const file of metadata.statistics) yield refOf(walk.name(file.path), needOf(metadata, file));
  }

  probes(location: TableLocation, from: TableCursor | undefined): readonly TailProbe[] {
    const folder = metadataFolder(location);
    if (from === undefined) return [{ kind: 'list', prefix: folder }];
    const next = BigInt(from.ordinal) + 1n;
    if (!from.label.startsWith('v')) {
      const width = from.label.indexOf('-');
      return [{ kind: 'list', prefix: folder, startAfter: `${folder}${next.toString().padStart(width, '0')}-` }];
    }
    const ending = from.label.endsWith('.gz.metadata.json') ? '.gz.metadata.json' : '.metadata.json';
    return [
      { kind: 'get', name: `${folder}v${next}${ending}` },
      { kind: 'get', name: hintName(location) },
    ];
  }
}

interface StepDeps {
  readonly log: MetadataLog;
  readonly location: TableLocation;
  readonly files: TableFiles;
  readonly from: TableCursor | undefined;
  readonly to: TableVersion;
}

interface Range {
  readonly to: TableMetadata;
  /** Heads that `from` did not have as heads, and the heads it had: their manifests are published. */
  readonly heads: TableMetadata['snapshots'];
  readonly published: TableMetadata['snapshots'];
  /** Older snapshots that `from` did not have at all. */
  readonly history: TableMetadata['snapshots'];
  readonly statistics: readonly StatisticsFile[];
  readonly walk: SnapshotWalk;
}

class IcebergStep {
  readonly #deps: StepDeps;
  /** Lists that `control` could not read. They may have come since, and still what they name is missing from it. */
  readonly #unreadLists = new Set<ObjectName>();

  constructor(deps: StepDeps) {
    this.#deps = deps;
  }

  /** Manifests, their lists, statistics in the metadata folder, metadata files in between, this one, then the hint. */
  async *control(): AsyncGenerator<ObjectName> {
    const { location, files, to } = this.#deps;
    const range = await this.#range();
    if (range !== undefined) yield* this.#metadataControl(range);
    yield* this.#versionsBetween();
    yield to.visibility;
    const { hintGeneration } = stateOf(to.cursor);
    if (hintGeneration === undefined || hintGeneration === stateOf(this.#deps.from).hintGeneration) return;
    // A hint that changed since the look may name a later version: the next look decides on it.
    const hint = await files.stat(hintName(location));
    if (hint?.generation.toString() === hintGeneration) yield hint.name;
  }

  async *closure(): AsyncGenerator<FileRef> {
    const range = await this.#range();
    if (range === undefined) {
      yield { name: this.#deps.to.visibility, unread: true };
      return;
    }
    const { walk, heads, published, history } = range;
    for await (const manifest of walk.freshManifests(heads, published, 'head')) yield* walk.filesOf(manifest, 'head');
    for (const name of this.#unreadLists.union(walk.unreadLists)) yield { name, unread: true };
    for await (const manifest of walk.freshManifests(history, [...published, ...heads], 'history')) {
      yield* walk.filesOf(manifest, 'history');
    }
    for (const file of range.statistics) {
      const name = walk.name(file.path);
      if (!this.#isControl(name)) yield refOf(name, needOf(range.to, file));
    }
  }

  async #range(): Promise<Range | undefined> {
    const { location, files, from, to } = this.#deps;
    const metadata = await readPublished(files, to.visibility);
    if (metadata === undefined) return undefined;
    // Where the source no longer has the metadata of `from`, everything counts as new: more names, none too few.
    const before = from === undefined ? undefined : await readPublished(files, metadataFolder(location) + from.label);
    const { head, history } = splitSnapshots(metadata);
    const knownHeads = before?.headIds ?? new Set();
    const known = new Set(before?.snapshots.map(({ id }) => id));
    const knownStatistics = new Set(before?.statistics.map(({ path }) => path));
    return {
      to: metadata,
      heads: head.filter(({ id }) => !knownHeads.has(id)),
      published: before === undefined ? [] : splitSnapshots(before).head,
      history: history.filter(({ id }) => !known.has(id)),
      statistics: metadata.statistics.filter(({ path }) => !knownStatistics.has(path)),
      walk: new SnapshotWalk(files, pathResolver(location)),
    };
  }

  async *#metadataControl(range: Range): AsyncGenerator<ObjectName> {
    const { walk, heads, published, history } = range;
    yield* walk.freshManifests(heads, published, 'head');
    for (const name of walk.unreadLists) this.#unreadLists.add(name);
    for await (const name of walk.freshManifests(history, [...published, ...heads], 'history')) {
      yield* this.#ifThere(name);
    }
    for (const snapshot of heads) {
      const name = walk.listName(snapshot);
      if (name !== undefined) yield name;
    }
    for (const snapshot of history) {
      const name = walk.listName(snapshot);
      if (name !== undefined) yield* this.#ifThere(name);
    }
    for (const file of range.statistics) {
      const name = walk.name(file.path);
      if (!this.#isControl(name)) continue;
      if (needOf(range.to, file) === 'head') yield name;
      else yield* this.#ifThere(name);
    }
  }

  async *#versionsBetween(): AsyncGenerator<ObjectName> {
    const { log, location, files, from, to } = this.#deps;
    const upTo = BigInt(to.cursor.ordinal) - 1n;
    const after = from === undefined ? {} : { after: BigInt(from.ordinal) };
    for await (const { file } of log.versions(location, files, { ...after, upTo })) {
      const verdict = await log.verdict(files, file);
      if (verdict?.kind === 'metadata') yield file.name;
    }
  }

  async *#ifThere(name: ObjectName): AsyncGenerator<ObjectName> {
    if ((await this.#deps.files.stat(name)) !== undefined) yield name;
  }

  #isControl(name: ObjectName): boolean {
    return name.startsWith(metadataFolder(this.#deps.location));
  }
}

function hintStep(version: TableVersion): TableStep {
  return {
    version,
    async *control() {
      yield version.visibility;
    },
    async *closure() {},
  };
}

function refOf(name: ObjectName, need: Need): FileRef {
  return need === 'head' ? { name } : { name, history: true };
}

/** Statistics are hints for planners; those of an older snapshot may have been expired with it. */
function needOf(metadata: TableMetadata, file: StatisticsFile): Need {
  return metadata.headIds.has(file.snapshotId) ? 'head' : 'history';
}
