/**
 * Many commits in one PostgreSQL transaction. The `store` row is locked first and until the end, so batches of all
 * processes run one after another: seqs are dense, and none is visible before a lower one.
 */
import type { Append, Check, CommitOutcome, KeyRange, Mint, Transaction, Write } from '../port.ts';
import { compareKeys, copyBytes, nextMint, writeStamps } from '../transaction.ts';
import { bigints, byteas, type ClientTransaction, texts } from './connect.ts';

interface NewRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly version: bigint;
}

interface NewEntry {
  readonly journal: string;
  readonly seq: bigint;
  readonly value: Uint8Array;
}

interface Numbers {
  readonly seqs: readonly bigint[];
  readonly minted: readonly bigint[];
}

/** Judges and writes `transactions`, in order. What it throws must roll the PostgreSQL transaction back. */
export async function runBatch(
  sql: ClientTransaction,
  transactions: readonly Transaction[],
): Promise<readonly CommitOutcome[]> {
  const batch = new Batch(sql);
  await batch.begin(transactions);
  const outcomes: CommitOutcome[] = [];
  for (const transaction of transactions) outcomes.push(await batch.apply(transaction));
  await batch.finish();
  return outcomes;
}

class Batch {
  readonly #sql: ClientTransaction;
  /** Versions of rows that checks ask for, as of now; absent from the map: no such row. */
  readonly #versions = new Map<string, bigint>();
  readonly #heads = new Map<string, bigint>();
  readonly #minted = new Map<string, bigint>();
  readonly #changedHeads = new Set<string>();
  readonly #changedMints = new Set<string>();
  /** Not yet written; undefined stands for a delete. */
  readonly #rows = new Map<string, NewRow | Uint8Array>();
  readonly #entries: NewEntry[] = [];
  #startVersion = 0n;
  #version = 0n;

  constructor(sql: ClientTransaction) {
    this.#sql = sql;
  }

  /** Takes the lock, then reads what the checks, appends and mints of the whole batch need. */
  async begin(transactions: readonly Transaction[]): Promise<void> {
    const sql = this.#sql;
    const [store] = await sql<{ version: bigint }[]>`select version from store for update`;
    this.#startVersion = store?.version ?? 0n;
    this.#version = this.#startVersion;
    const keys = transactions.flatMap(({ checks }) => checks.flatMap((check) => ('key' in check ? [check.key] : [])));
    const journals = transactions.flatMap(({ appends = [] }) => appends.map(({ journal }) => journal));
    const scopes = transactions.flatMap(({ mints = [] }) => mints.map(({ scope }) => scope));
    if (keys.length > 0) {
      const found = await sql<{ key: Uint8Array; version: bigint }[]>`
        select key, version from rows where key = any(${byteas(sql, keys)})`;
      for (const { key, version } of found) this.#versions.set(nameOf(key), version);
    }
    if (journals.length > 0) {
      const found = await sql<{ journal: string; seq: bigint }[]>`
        select journal, seq from heads where journal = any(${texts(sql, unique(journals))})`;
      for (const { journal, seq } of found) this.#heads.set(journal, seq);
    }
    if (scopes.length > 0) {
      const found = await sql<{ scope: string; last: bigint }[]>`
        select scope, last from mints where scope = any(${texts(sql, unique(scopes))})`;
      for (const { scope, last } of found) this.#minted.set(scope, last);
    }
  }

  async apply({ checks, writes, appends = [], mints = [] }: Transaction): Promise<CommitOutcome> {
    for (const [index, check] of checks.entries()) {
      if (!(await this.#holds(check))) return { kind: 'conflict', check: index };
    }
    this.#version += 1n;
    const minted = mints.map((mint) => this.#mint(mint));
    const seqs = appends.map(({ journal }) => this.#nextSeq(journal));
    this.#write(writes, { seqs, minted });
    this.#append(appends, { seqs, minted });
    return { kind: 'committed', version: this.#version, seqs, minted };
  }

  async finish(): Promise<void> {
    if (this.#version === this.#startVersion) return;
    const sql = this.#sql;
    await this.#flushRows();
    if (this.#entries.length > 0) {
      await sql`insert into journals (journal, seq, value) select * from unnest(
        ${texts(
          sql,
          this.#entries.map(({ journal }) => journal),
        )}, ${bigints(
          sql,
          this.#entries.map(({ seq }) => seq),
        )},
        ${byteas(
          sql,
          this.#entries.map(({ value }) => value),
        )})`;
      const journals = [...this.#changedHeads];
      await sql`insert into heads (journal, seq) select * from unnest(
        ${texts(sql, journals)}, ${bigints(
          sql,
          journals.map((journal) => this.#heads.get(journal) ?? 0n),
        )})
        on conflict (journal) do update set seq = excluded.seq`;
    }
    if (this.#changedMints.size > 0) {
      const scopes = [...this.#changedMints];
      await sql`insert into mints (scope, last) select * from unnest(
        ${texts(sql, scopes)}, ${bigints(
          sql,
          scopes.map((scope) => this.#minted.get(scope) ?? 0n),
        )})
        on conflict (scope) do update set last = excluded.last`;
    }
    await sql`update store set version = ${this.#version}`;
  }

  async #holds(check: Check): Promise<boolean> {
    switch (check.kind) {
      case 'version':
        return this.#versions.get(nameOf(check.key)) === check.version;
      case 'absent':
        return !this.#versions.has(nameOf(check.key));
      case 'rangeEmpty':
        return this.#isEmpty(check.range);
    }
  }

  async #isEmpty({ start, end }: KeyRange): Promise<boolean> {
    if (compareKeys(start, end) >= 0) return true;
    await this.#flushRows();
    const found = await this.#sql`select 1 from rows where key >= ${buffer(start)} and key < ${buffer(end)} limit 1`;
    return found.length === 0;
  }

  #mint({ scope, nowMicros }: Mint): bigint {
    const number = nextMint(nowMicros, this.#minted.get(scope) ?? 0n);
    this.#minted.set(scope, number);
    this.#changedMints.add(scope);
    return number;
  }

  #nextSeq(journal: string): bigint {
    const seq = (this.#heads.get(journal) ?? 0n) + 1n;
    this.#heads.set(journal, seq);
    this.#changedHeads.add(journal);
    return seq;
  }

  #write(writes: readonly Write[], numbers: Numbers): void {
    for (const write of writes) {
      const name = nameOf(write.key);
      if (write.kind === 'delete') {
        this.#versions.delete(name);
        this.#rows.set(name, write.key);
        continue;
      }
      const value = copyBytes(write.value);
      writeStamps(value, write.stamps ?? [], numbers);
      this.#versions.set(name, this.#version);
      this.#rows.set(name, { key: write.key, value, version: this.#version });
    }
  }

  #append(appends: readonly Append[], numbers: Numbers): void {
    for (const [index, { journal, value, stamps = [] }] of appends.entries()) {
      const stamped = copyBytes(value);
      writeStamps(stamped, stamps, numbers);
      this.#entries.push({ journal, seq: numbers.seqs[index] ?? 0n, value: stamped });
    }
  }

  async #flushRows(): Promise<void> {
    const sql = this.#sql;
    const puts: NewRow[] = [];
    const deletes: Uint8Array[] = [];
    for (const row of this.#rows.values()) {
      if (row instanceof Uint8Array) deletes.push(row);
      else puts.push(row);
    }
    this.#rows.clear();
    if (deletes.length > 0) await sql`delete from rows where key = any(${byteas(sql, deletes)})`;
    if (puts.length > 0) {
      await sql`insert into rows (key, value, version) select * from unnest(
        ${byteas(
          sql,
          puts.map(({ key }) => key),
        )}, ${byteas(
          sql,
          puts.map(({ value }) => value),
        )},
        ${bigints(
          sql,
          puts.map(({ version }) => version),
        )})
        on conflict (key) do update set value = excluded.value, version = excluded.version`;
    }
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
