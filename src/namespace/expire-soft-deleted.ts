import type { Append, Check, Row, Write } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { readVersion } from './object-access.ts';
import { encodeJournal } from './rows/journal.ts';
import { hardDeletesUntil, softDeletedKey, versionPlaceOf } from './rows/keys.ts';
import { allReferenceWrites, blobsOfContent, type HolderChange, unchanged } from './rows/references.ts';
import { decodeHardDelete } from './rows/version-rows.ts';
import { isKeptByItself } from './rules/retention.ts';
import { scanPages } from './scan-pages.ts';

/** Writes one transaction may grow to before the next begins: below the port's limit, whatever comes last. */
const WRITES_PER_COMMIT = 800;

/**
 * Deletes soft-deleted versions whose time is over, in batches: each is one transaction with an entry for every version
 * in the journal that ordered it. What a crash or another pass gets in between of is left for the next pass.
 */
export async function expireSoftDeletedOnce(deps: NamespaceDeps, signal: AbortSignal): Promise<number> {
  let expired = 0;
  for await (const rows of scanPages(deps.metadata, hardDeletesUntil(deps.clock.nowMs()), signal)) {
    const versions = await deps.metadata.get(rows.map(({ key }) => softDeletedKey(versionPlaceOf('hardDelete', key))));
    let batch = new HardDeletions(deps.clock.nowMs());
    for (const [index, due] of rows.entries()) {
      batch.add(due, versions[index]);
      if (batch.size < WRITES_PER_COMMIT && index + 1 < rows.length) continue;
      if (batch.size === 0) continue;
      const outcome = await deps.metadata.commit(batch.finish());
      if (outcome.kind === 'committed') expired += batch.versions;
      batch = new HardDeletions(deps.clock.nowMs());
    }
  }
  return expired;
}

class HardDeletions {
  readonly #nowMs: number;
  readonly #checks: Check[] = [];
  readonly #writes: Write[] = [];
  readonly #appends: Append[] = [];
  readonly #references: HolderChange[] = [];
  versions = 0;
  size = 0;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  /** `due` is the row that says when; the version's own row is missing only if it is gone already. */
  add(due: Row, row: Row | undefined): void {
    const version = row && readVersion('softDeleted', versionPlaceOf('hardDelete', due.key), row);
    // Nothing deletes what is kept; should a version have come here all the same, it is there until its time is over.
    if (version !== undefined && isKeptByItself(version.state, this.#nowMs)) return;
    this.#checks.push(unchanged(due.key, due));
    this.#writes.push({ kind: 'delete', key: due.key });
    this.size += 1;
    if (version === undefined) return;
    const before = blobsOfContent(version.state.content);
    this.#checks.push(unchanged(version.key, version.row));
    this.#writes.push({ kind: 'delete', key: version.key });
    this.#references.push({ holder: { kind: 'softDeleted', place: version.place }, before, after: new Set() });
    this.#appends.push(this.#entry(due, version));
    this.versions += 1;
    // Its own row, and for each blob the reference and a candidate for reaping.
    this.size += 1 + 2 * before.size;
  }

  finish() {
    const writes = [...this.#writes, ...allReferenceWrites(this.#references, this.#nowMs)];
    return { checks: this.#checks, writes, appends: this.#appends };
  }

  #entry(due: Row, { name, state }: ReturnType<typeof readVersion>): Append {
    const { bucket, scopeId } = decodeHardDelete(due.value);
    const record = {
      op: 'delete' as const,
      bucket,
      name,
      metageneration: state.metageneration.toString(),
      timeMs: this.#nowMs,
      version: 'softDeleted' as const,
      fate: { became: 'gone' as const },
    };
    return { journal: scopeId, value: encodeJournal(record, state.generation) };
  }
}
