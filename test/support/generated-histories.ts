/**
 * Random histories of tables of every format, for what no sample covers: vacuum, log clean-up, INSERT OVERWRITE,
 * restore, deletion vectors; clean, archival, rollback, restore, compaction; expiry, metadata files that are deleted,
 * hints that move backwards; folders written anew under `_SUCCESS`. The same seed gives the same history.
 */
import assert from 'node:assert/strict';
import { DEMO_BUCKET, type PreparedTable, preparePlan } from '../../src/apps/demo/demo-tables.ts';
import type { CheckpointForm } from '../../src/apps/demo/generate/delta-table-writer.ts';
import type { TableFormat } from '../../src/apps/demo/replay/plan.ts';
import { type GeneratedStep, planGenerated } from '../../src/apps/demo/replay/plan-generated.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { DeltaScenario } from './generate-delta.ts';
import { HudiGenerator, type HudiOptions } from './generate-hudi.ts';
import { type GeneratedFile, IcebergGenerator, type IcebergOptions } from './generate-iceberg.ts';

const PARTITION_METADATA = '.hoodie_partition_metadata';

interface Deed {
  readonly name: string;
  readonly when?: () => boolean;
  readonly run: () => void;
}

/** One table's steps as they are made. Keeps which names the source has, and what was done, for the test's log. */
class History {
  readonly prefix: string;
  readonly random: Random;
  readonly deeds: string[] = [];
  readonly #isControl: (name: string) => boolean;
  readonly #steps: { label: string; files: GeneratedFile[] }[] = [];
  readonly #live = new Map<string, ReadonlySet<string>>();
  readonly #there = new Set<string>();

  constructor(name: string, random: Random, isControl: (name: string) => boolean) {
    this.prefix = `${name}/`;
    this.random = random;
    this.#isControl = isControl;
  }

  get length(): number {
    return this.#steps.length;
  }

  has(name: string): boolean {
    return this.#there.has(name);
  }

  /** `live`: what the generator says a reader of this version opens. */
  commit(label: string, files: readonly GeneratedFile[], live: Iterable<string>): void {
    this.#steps.push({ label, files: [] });
    this.#live.set(label, new Set(Array.from(live, (name) => name.slice(this.prefix.length))));
    this.also(files);
  }

  /** Housekeeping after the last commit, which makes no version of its own. */
  also(files: readonly GeneratedFile[]): void {
    for (const { name, bytes } of files) {
      if (bytes === undefined) this.#there.delete(name);
      else this.#there.add(name);
    }
    this.#steps.at(-1)?.files.push(...this.#shuffled(files));
  }

  /** Data of one commit may be uploaded in any order; what follows a control name or a delete stays behind it. */
  #shuffled(files: readonly GeneratedFile[]): GeneratedFile[] {
    const result: GeneratedFile[] = [];
    let data: GeneratedFile[] = [];
    for (const file of files) {
      if (file.bytes !== undefined && !this.#isControl(file.name.slice(this.prefix.length))) {
        data.splice(this.below(data.length + 1), 0, file);
        continue;
      }
      result.push(...data, file);
      data = [];
    }
    return [...result, ...data];
  }

  below(end: number): number {
    return Math.floor(this.random.unit() * end);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** Does one thing that can be done now. */
  act(deeds: readonly Deed[]): void {
    const deed = this.pick(deeds.filter(({ when }) => when?.() ?? true));
    this.deeds.push(deed?.name ?? '');
    deed?.run();
  }

  /** `steps` deeds at least, each thing that can be done at least once. */
  fill(steps: number, deeds: readonly Deed[]): void {
    for (let rounds = 0; rounds < 20 * steps && this.length < steps; rounds += 1) {
      const undone = deeds.filter(({ name }) => !this.deeds.includes(name));
      const possible = undone.filter(({ when }) => when?.() ?? true);
      this.act(possible.length > 0 && this.random.unit() < 0.6 ? possible : deeds);
    }
  }

  async prepare(format: TableFormat): Promise<GeneratedTable> {
    const cut = ({ name, bytes }: GeneratedFile) => {
      const relative = name.slice(this.prefix.length);
      return bytes === undefined ? { name: relative } : { name: relative, bytes };
    };
    const steps = this.#steps.map(({ label, files }): GeneratedStep => ({ label, files: files.map(cut) }));
    const name = this.prefix.slice(0, -1);
    const table = { name, rows: undefined, pathAliases: [], made: 'generated' };
    const prepared = await preparePlan(table, planGenerated(name, format, steps));
    this.#assertTruth(prepared);
    return { deeds: this.deeds, prepared };
  }

  /** What the checking reader's parsers find in the files is what the generator meant. */
  #assertTruth({ truth }: PreparedTable): void {
    for (const [label, meant] of this.#live) {
      const found = [...(truth.versions.get(label)?.files ?? [])].filter((name) => !name.endsWith(PARTITION_METADATA));
      assert.deepEqual(found.sort(), [...meant].sort(), `${truth.table} at ${label}`);
    }
  }
}

export interface GeneratedTable {
  readonly prepared: PreparedTable;
  /** What was done, in order. */
  readonly deeds: readonly string[];
}

const FORMS: readonly CheckpointForm[] = ['classic', 'multiPart', 'v2Json', 'v2Parquet'];

function deltaHistory(name: string, random: Random, steps: number): History {
  const history = new History(name, random, (leaf) => leaf.startsWith('_delta_log/'));
  const { prefix } = history;
  const readerFeatures = ['deletionVectors', 'v2Checkpoint'];
  const regions = ['eu', 'us', 'asia east'];
  const table = new DeltaScenario({ prefix, readerFeatures, regions, seed: history.below(1_000_000) });
  /** Hints that were made, oldest first, with the version of their checkpoint. */
  const hints: { readonly version: number; readonly files: readonly GeneratedFile[] }[] = [];
  let firstEntry = 0;
  const commit = (files: readonly GeneratedFile[]) => {
    history.commit(String(table.version), files, [...table.live, ...table.vectors]);
  };
  const checkpoint = () => {
    history.also([...table.checksum(), ...table.checkpoint(history.pick(FORMS))]);
    hints.push({ version: table.version, files: table.hint() });
    history.also(hints.at(-1)?.files ?? []);
  };
  const restorable = () =>
    Array.from({ length: Math.max(0, table.version) }, (_, version) => version).filter((version) =>
      table.canRestoreTo(version, (file) => history.has(file)),
    );
  const older = () => hints.slice(0, -1).filter(({ version }) => version >= firstEntry);
  const hasLive = () => table.live.size > 0;
  commit(table.append(3));
  history.fill(steps, [
    { name: 'append', run: () => commit(table.append(1 + history.below(3))) },
    { name: 'overwrite', when: hasLive, run: () => commit(table.overwrite(2)) },
    {
      name: 'overwrite partition',
      when: hasLive,
      run: () => commit(table.overwriteRegion(history.pick(regions) ?? '')),
    },
    { name: 'optimise', when: () => table.live.size > 1, run: () => commit(table.optimise(2)) },
    { name: 'delete', when: hasLive, run: () => commit(table.remove(1)) },
    { name: 'delete rows', when: hasLive, run: () => commit(table.deleteRows(1 + history.below(2))) },
    {
      name: 'restore',
      when: () => restorable().length > 0,
      run: () => commit(table.restoreTo(history.pick(restorable()) ?? 0)),
    },
    { name: 'checkpoint', when: () => hints.at(-1)?.version !== table.version, run: checkpoint },
    { name: 'vacuum', run: () => history.also(table.vacuum()) },
    {
      name: 'log clean-up',
      when: () => (hints.at(-1)?.version ?? 0) > firstEntry,
      run: () => {
        firstEntry = hints.at(-1)?.version ?? 0;
        history.also(table.cleanLog(firstEntry));
      },
    },
    {
      name: 'hint goes back',
      when: () => older().length > 0,
      run: () => history.also(history.pick(older())?.files ?? []),
    },
  ]);
  commit(table.append());
  checkpoint();
  history.also(table.vacuum());
  return history;
}

function hudiHistory(name: string, random: Random, steps: number, options: Omit<HudiOptions, 'prefix'>): History {
  const history = new History(name, random, (leaf) => leaf.startsWith('.hoodie/'));
  const table = new HudiGenerator({ ...options, prefix: history.prefix });
  /** Commits a restore may go back to: none is older than the last clean. */
  let targets: string[] = [];
  const commit = (files: readonly GeneratedFile[]) => {
    history.commit(table.lastInstant, files, table.liveNames);
    targets.push(table.lastTs);
  };
  const clean = (keep: number | undefined) => {
    commit(table.clean());
    targets = [];
    if (keep !== undefined) history.also(table.archive(keep));
  };
  const created = table.create();
  commit([...created, ...table.insert(2)]);
  history.fill(steps, [
    { name: 'insert', run: () => commit(table.insert()) },
    { name: 'update', run: () => commit(table.update()) },
    { name: 'overwrite', run: () => commit(table.overwrite()) },
    { name: 'rollback', run: () => commit([...table.failedWrite(), ...table.rollback()]) },
    { name: 'clean', run: () => clean(undefined) },
    { name: 'clean and archive', when: () => history.length > 3, run: () => clean(1 + history.below(2)) },
    {
      name: 'restore',
      when: () => targets.length > 1,
      run: () => {
        const at = history.below(targets.length - 1);
        const files = table.restore(targets[at] ?? '');
        targets = targets.slice(0, at + 1);
        commit(files);
      },
    },
    { name: 'settings', when: () => history.length > 0, run: () => history.also(table.setProperty()) },
    {
      name: 'compaction',
      when: () => options.type === 'MERGE_ON_READ',
      run: () => commit([...table.scheduleCompaction(), ...table.compact()]),
    },
  ]);
  commit(table.update());
  clean(2);
  return history;
}

function icebergHistory(name: string, random: Random, steps: number, options: Partial<IcebergOptions>): History {
  const history = new History(name, random, (leaf) => leaf.startsWith('metadata/'));
  const table = new IcebergGenerator({ bucket: DEMO_BUCKET, prefix: history.prefix, ...options });
  const isHadoop = options.naming !== 'catalog';
  const { formatVersion = 2 } = options;
  const commit = (files: readonly GeneratedFile[]) => {
    history.commit(table.metadataName.slice(`${history.prefix}metadata/`.length), files, table.liveNames);
  };
  const deletes = formatVersion === 3 ? (['vector'] as const) : (['position', 'equality'] as const);
  commit(table.create());
  commit(table.append(3, 2));
  history.fill(steps, [
    { name: 'append', run: () => commit(table.append(1 + history.below(3))) },
    { name: 'overwrite', run: () => commit(table.overwrite(2)) },
    {
      name: 'deletes',
      when: () => formatVersion > 1,
      run: () => commit(table.addDeletes(history.pick(deletes) ?? 'position')),
    },
    {
      name: 'rewrite manifests',
      when: () => options.inlineManifests !== true,
      run: () => commit(table.rewriteManifests()),
    },
    { name: 'property', run: () => commit(table.setProperty()) },
    {
      name: 'rollback',
      when: () => table.snapshotIds.length > 1,
      run: () => commit(table.rollbackTo(history.pick(table.snapshotIds) ?? 0n)),
    },
    { name: 'tag', run: () => commit(table.tag(`tag-${history.length}`, history.pick(table.snapshotIds) ?? 0n)) },
    { name: 'statistics', run: () => commit(table.analyze('statistics')) },
    { name: 'expire', run: () => commit(table.expire(1 + history.below(2))) },
    { name: 'trim metadata', run: () => commit(table.trimMetadata(1 + history.below(3))) },
    {
      name: 'hint goes back',
      when: () => isHadoop && table.oldestVersion < table.version,
      run: () => {
        const back = table.oldestVersion + history.below(table.version - table.oldestVersion);
        history.also([table.hint(back)]);
      },
    },
  ]);
  commit(table.expire(1));
  return history;
}

/** Jobs that write a folder anew: marker and old files go, new ones come under old or new names, the marker. */
function directoryHistory(name: string, random: Random, steps: number): History {
  const history = new History(name, random, (leaf) => leaf === '_SUCCESS');
  let files: string[] = [];
  const marker = `${history.prefix}_SUCCESS`;
  for (let job = 1; job <= steps; job += 1) {
    const isOverwrite = job > 1 && random.unit() < 0.8;
    const gone = [{ name: marker }, ...(isOverwrite ? files.map((file) => ({ name: file })) : [])];
    const leaves = Array.from({ length: 2 + history.below(4) }, (_, part) => {
      const unique = random.unit() < 0.5 ? '' : `-job-${job}`;
      return `${history.prefix}day=${part % 2}/part-${part}${unique}.parquet`;
    });
    const fresh = leaves.filter((leaf) => isOverwrite || !files.includes(leaf));
    files = isOverwrite ? fresh : [...files, ...fresh];
    const made = fresh.map((leaf) => ({ name: leaf, bytes: Buffer.from(`rows of ${leaf}, job ${job}`) }));
    history.deeds.push(isOverwrite ? 'overwrite' : 'append');
    history.commit('-', [...gone, ...made, { name: marker, bytes: Buffer.alloc(0) }], [...files, marker]);
  }
  return history;
}

const HUDI: readonly Omit<HudiOptions, 'prefix'>[] = [
  { layout: 1, type: 'COPY_ON_WRITE', hasMetadataTable: false },
  { layout: 1, type: 'MERGE_ON_READ', hasMetadataTable: true },
  { layout: 2, type: 'COPY_ON_WRITE', hasMetadataTable: true },
  { layout: 2, type: 'MERGE_ON_READ', hasMetadataTable: false },
];
const ICEBERG: readonly Partial<IcebergOptions>[] = [
  { formatVersion: 2 },
  { formatVersion: 3, naming: 'catalog' },
  { formatVersion: 1, inlineManifests: true, gzipMetadata: true },
];

/** One table of each kind, of about `steps` commits each. */
export async function generatedHistories(seed: number, steps: number): Promise<readonly GeneratedTable[]> {
  const random = (kind: number) => seededRandom(seed * 1000 + kind);
  const hudi = HUDI.map((options, index) => {
    const kind = `${options.type === 'COPY_ON_WRITE' ? 'cow' : 'mor'}-layout-${options.layout}`;
    return hudiHistory(`hudi-${kind}-${seed}`, random(10 + index), steps, options).prepare('hudi');
  });
  const iceberg = ICEBERG.map((options, index) => {
    const name = `iceberg-v${options.formatVersion}-${seed}`;
    return icebergHistory(name, random(20 + index), steps, options).prepare('iceberg');
  });
  return await Promise.all([
    deltaHistory(`delta-a-${seed}`, random(1), steps).prepare('delta'),
    deltaHistory(`delta-b-${seed}`, random(2), steps).prepare('delta'),
    ...hudi,
    ...iceberg,
    directoryHistory(`folder-${seed}`, random(30), steps).prepare('directory'),
  ]);
}
