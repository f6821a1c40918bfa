import { metadataInstantOf, partitionMetadataName } from '../formats/hudi-snapshot.ts';
import {
  HUDI_INDEX_DEFINITIONS,
  HUDI_METADATA_TABLE,
  HUDI_PARTITION_METADATA,
  HUDI_PROPERTIES,
  type HudiInstant,
  type HudiTimeline,
  hudiLayout,
  isHudiWrite,
  listProperty,
  parseHudiCommit,
  parseProperties,
  parseTimeline,
} from '../formats/hudi-timeline.ts';
import type { FileMap } from '../formats/memory-source.ts';
import { decodeUtf8 } from '../formats/values.ts';
import { PlanBuilder, type PlannedStep, type PlannedUpload, type PlanOptions, type ReplayPlan } from './plan.ts';

const METADATA_PARTITIONS = 'hoodie.table.metadata.partitions';

/**
 * `hoodie.properties` before everything; then one step a completed instant, in completion order: partition metadata;
 * metadata-table files with their requested, inflight and completed instants, in completion order of that timeline;
 * base and log files; requested; inflight; completed.
 */
export async function planHudi(table: string, files: FileMap, options: PlanOptions): Promise<ReplayPlan> {
  return new HudiPlanner(table, files, options).plan();
}

class HudiPlanner {
  readonly #table: string;
  readonly #files: FileMap;
  readonly #builder: PlanBuilder;
  readonly #properties: ReadonlyMap<string, string>;
  readonly #timeline: HudiTimeline;
  readonly #metadataTimeline: HudiTimeline;
  /** Metadata partitions that have files so far. */
  readonly #metadataPartitions = new Set<string>();
  /** Metadata-table instants before this one are uploaded. */
  #metadataDone = 0;

  constructor(table: string, files: FileMap, options: PlanOptions) {
    this.#table = table;
    this.#files = files;
    this.#builder = new PlanBuilder(files, options);
    this.#properties = parseProperties(files.get(HUDI_PROPERTIES) ?? new Uint8Array());
    const names = [...files.keys()];
    this.#timeline = parseTimeline(names, hudiLayout(this.#properties));
    const metadata = files.get(`${HUDI_METADATA_TABLE}${HUDI_PROPERTIES}`);
    this.#metadataTimeline =
      metadata === undefined
        ? { completed: [], pending: [] }
        : parseTimeline(names, hudiLayout(parseProperties(metadata), HUDI_METADATA_TABLE));
  }

  plan(): ReplayPlan {
    const before = [this.#deriveProperties()];
    const steps = this.#timeline.completed.map((instant) => this.#step(instant));
    return { table: this.#table, format: 'hudi', before, steps, after: this.#builder.rest() };
  }

  #step(instant: HudiInstant): PlannedStep {
    const commit = parseHudiCommit(instant, this.#files.get(instant.name) ?? new Uint8Array());
    const partitions = new Set(commit.writes.map((write) => write.partition));
    const uploads: PlannedUpload[] = [
      ...this.#builder.takeAll([...partitions].map(partitionMetadataName)),
      ...this.#metadataUploads(instant),
    ];
    if (instant.action === 'indexing') uploads.push(...this.#builder.take(HUDI_INDEX_DEFINITIONS));
    const names = commit.writes.map((write) => write.name);
    const [partition = ''] = partitions;
    const orphan = (hex: string) => {
      const fileId = `0000${hex.slice(0, 4)}-${hex.slice(4, 8)}-4000-8000-0000${hex.slice(8)}-0`;
      const leaf = `${fileId}_0-0-0_99991231235959999.parquet`;
      return partition === '' ? leaf : `${partition}/${leaf}`;
    };
    // A rollback's command block follows the blocks it takes back: its logs keep the order the instant gives.
    uploads.push(...(isHudiWrite(instant) ? this.#builder.takeData(names, orphan) : this.#builder.takeAll(names)));
    uploads.push(...this.#builder.takeAll(pendingNames(this.#timeline, instant)), ...this.#builder.take(instant.name));
    return { label: instant.name.slice(instant.name.lastIndexOf('/') + 1), uploads };
  }

  /** Every metadata-table instant completed since the previous data instant: never paired by id. */
  #metadataUploads(instant: HudiInstant): readonly PlannedUpload[] {
    const { completed } = this.#metadataTimeline;
    const last = completed.findLastIndex((one) => one.order <= instant.order) + 1;
    const group = completed.slice(this.#metadataDone, last);
    if (group.length === 0) return [];
    const uploads: PlannedUpload[] = [];
    if (this.#metadataDone === 0) {
      uploads.push(...this.#builder.take(`${HUDI_METADATA_TABLE}${HUDI_PROPERTIES}`));
    }
    this.#metadataDone = last;
    for (const one of group) {
      const names = [...this.#files.keys()].filter((name) => metadataInstantOf(name) === one.instant);
      for (const name of names) this.#metadataPartitions.add(metadataPartitionOf(name));
      const partitions = new Set(names.map((name) => name.slice(0, name.lastIndexOf('/') + 1)));
      uploads.push(...this.#builder.takeAll([...partitions].map((prefix) => `${prefix}${HUDI_PARTITION_METADATA}`)));
      uploads.push(...this.#builder.takeShuffled(names));
      uploads.push(
        ...this.#builder.takeAll(pendingNames(this.#metadataTimeline, one)),
        ...this.#builder.take(one.name),
      );
    }
    const properties = this.#deriveProperties();
    if (properties.crc32c !== this.#lastProperties) uploads.push(properties);
    this.#lastProperties = properties.crc32c;
    return uploads;
  }

  #lastProperties = '';

  /**
   * The final file with its metadata partitions cut to those that have files so far. The file's own checksum covers
   * only the database and table names, so it stays valid.
   */
  #deriveProperties(): PlannedUpload {
    const final = this.#files.get(HUDI_PROPERTIES) ?? new Uint8Array();
    const all = listProperty(this.#properties, METADATA_PARTITIONS);
    const kept = all.filter((partition) => this.#metadataPartitions.has(partition));
    if (kept.length === all.length) return this.#builder.derive(HUDI_PROPERTIES, final);
    const line = new RegExp(`^${METADATA_PARTITIONS.replaceAll('.', '\\.')}=.*$`, 'm');
    const text = decodeUtf8(final).replace(line, `${METADATA_PARTITIONS}=${kept.join(',')}`);
    const derived = this.#builder.derive(HUDI_PROPERTIES, Buffer.from(text));
    return derived;
  }
}

function metadataPartitionOf(name: string): string {
  return name.slice(HUDI_METADATA_TABLE.length, name.lastIndexOf('/'));
}

/** Requested, then inflight. */
function pendingNames(timeline: HudiTimeline, instant: HudiInstant): readonly string[] {
  const own = timeline.pending.filter((one) => one.instant === instant.instant);
  const ordered = [...own.filter((one) => one.state === 'requested'), ...own.filter((one) => one.state === 'inflight')];
  return ordered.map((one) => one.name);
}
