import postgres from 'postgres';
import { StraitError } from '../../../model/errors.ts';

/** Changed with every change of the tables below, described in `docs/formats/metadata-stores.md`. */
export const FORMAT = 1;

/** `bigint` columns are BigInt here: versions and minted numbers pass 2^53. */
export type Client = postgres.Sql<{ bigint: bigint }>;
export type ClientTransaction = postgres.TransactionSql<{ bigint: bigint }>;

export interface PostgresStoreSettings {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** The store's own schema, made when absent. */
  readonly schema: string;
  /** Connections for reads, and as many for snapshots. */
  readonly connectionsMax: number;
  /** How often a waiting `tail` looks by itself, in case a notification was lost with a connection. */
  readonly tailPollMs: number;
}

export function connect({ url, schema }: PostgresStoreSettings, connectionsMax: number): Client {
  if (!/^[\w-]{1,63}$/.test(schema)) {
    throw new StraitError('invalidArgument', `a schema name has letters, digits, _ and -, not ${schema}`, {});
  }
  return postgres(url, {
    max: connectionsMax,
    // The array types are below: the client would ask each connection for them, and only after its first query.
    fetch_types: false,
    types: { bigint: postgres.BigInt, ...ARRAY_TYPES },
    onnotice: () => {},
    connection: {
      application_name: 'strait',
      search_path: `"${schema}"`,
      // Whatever the server's default: a commit is acknowledged, and shown, when it is on disk.
      synchronous_commit: 'on',
    },
  });
}

/** Held while the schema is made, so that processes starting together do not make it twice. */
const SCHEMA_LOCK = 8_751_200_142_001n;

export async function createSchema(client: Client, schema: string): Promise<void> {
  await client.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`;
    await sql`create schema if not exists ${sql(schema)}`;
    await sql`create table if not exists store (
      one boolean primary key default true check (one), format integer not null, version bigint not null)`;
    await sql`create table if not exists rows (
      key bytea primary key, value bytea not null, version bigint not null)`;
    await sql`create table if not exists journals (
      journal text collate "C", seq bigint, value bytea not null, primary key (journal, seq))`;
    await sql`create table if not exists heads (journal text collate "C" primary key, seq bigint not null)`;
    await sql`create table if not exists mints (scope text collate "C" primary key, last bigint not null)`;
    await sql`insert into store (format, version) values (${FORMAT}, 0) on conflict do nothing`;
    const [stored] = await sql<{ format: number; fsync: string | null }[]>`
      select format, current_setting('fsync', true) as fsync from store`;
    if (stored?.format !== FORMAT) {
      const message = `the metadata schema has format ${stored?.format}; this release reads format ${FORMAT}`;
      throw new StraitError('unsupported', message, { feature: `metadata format ${stored?.format}` });
    }
    if (stored.fsync === 'off') {
      throw new StraitError('unsupported', 'the PostgreSQL server runs with fsync = off: it would lose commits', {
        feature: 'fsync = off',
      });
    }
  });
}

/** A serialization failure or a deadlock: the same work, done again, may go through. */
export function isRetryable(error: unknown): boolean {
  return error instanceof postgres.PostgresError && (error.code === '40001' || error.code === '40P01');
}

export function toStraitError(what: string, error: unknown): StraitError {
  if (error instanceof StraitError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StraitError('unavailable', `${what}: ${reason}`, {}, { cause: error });
}

/** PostgreSQL's own numbers of the array types, and how their values are written (they are never read). */
const ARRAYS = { bytea: 1001, text: 1009, bigint: 1016 } as const;

const arrayType = (oid: number, element: (value: unknown) => string) => ({
  to: oid,
  from: [oid],
  serialize: (values: readonly unknown[]) => `{${values.map(element).join(',')}}`,
  parse: (text: string) => text,
});

/** Exported for its test. */
export const ARRAY_TYPES = {
  byteas: arrayType(ARRAYS.bytea, (value) => `"\\\\x${Buffer.from(value as Uint8Array).toString('hex')}"`),
  texts: arrayType(ARRAYS.text, (value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`),
  bigints: arrayType(ARRAYS.bigint, String),
};

export function byteas(sql: Client | ClientTransaction, values: readonly Uint8Array[]) {
  return sql.typed(values, ARRAYS.bytea);
}

export function texts(sql: Client | ClientTransaction, values: readonly string[]) {
  return sql.typed(values, ARRAYS.text);
}

export function bigints(sql: Client | ClientTransaction, values: readonly bigint[]) {
  return sql.typed(values, ARRAYS.bigint);
}
