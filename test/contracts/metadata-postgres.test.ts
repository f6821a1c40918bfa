import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import postgres from 'postgres';
import { isStraitError } from '../../src/model/errors.ts';
import { openMetadataStore } from '../support/open-metadata-store.ts';
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts';
import { metadataStoreContract } from './metadata-store.ts';

const skip = postgresMissing();
let server: PostgresServer | undefined;
let schemas = 0;

function newLocation(): string {
  schemas += 1;
  return `${server?.url}#contract-${schemas}`;
}

async function query(statement: string): Promise<readonly unknown[]> {
  const sql = postgres(server?.url ?? '', { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

metadataStoreContract({
  name: 'postgres',
  rounds: 200,
  ...(skip === undefined ? {} : { skip }),
  start: async () => {
    server = await startPostgres();
  },
  stop: async () => server?.stop(),
  place: async () => {
    const location = newLocation();
    return {
      open: (clock) => openMetadataStore('postgres', location, clock && { clock }),
      reopens: true,
      childArgs: ['postgres', location],
      remove: async () => void (await query(`drop schema if exists "${location.split('#')[1]}" cascade`)),
    };
  },
});

describe('postgres', { skip: skip ?? false }, () => {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.stop());

  test('processes that open a new schema at the same time all succeed', async () => {
    const location = newLocation();
    const stores = await Promise.all(Array.from({ length: 6 }, () => openMetadataStore('postgres', location)));
    const put = { kind: 'put', key: Buffer.from('k'), value: Buffer.from('v') } as const;
    const commits = await Promise.all(stores.map((store) => store.commit({ checks: [], writes: [put] })));
    const versions = commits.map((outcome) => (outcome.kind === 'committed' ? Number(outcome.version) : 0));
    assert.deepEqual(
      versions.toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6],
    );
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a schema of another format is refused', async () => {
    const location = newLocation();
    await (await openMetadataStore('postgres', location)).close();
    await query(`update "${location.split('#')[1]}".store set format = 2`);
    await assert.rejects(openMetadataStore('postgres', location), (error) => isStraitError(error, 'unsupported'));
  });

  test('a server that goes away is `unavailable`, for every call', async () => {
    const own = await startPostgres();
    const store = await openMetadataStore('postgres', `${own.url}#gone`);
    const put = { kind: 'put', key: Buffer.from('k'), value: Buffer.from('v') } as const;
    assert.equal((await store.commit({ checks: [], writes: [put] })).kind, 'committed');
    await own.stop();
    const isGone = (error: unknown) => isStraitError(error, 'unavailable');
    await assert.rejects(store.commit({ checks: [], writes: [put] }), isGone);
    await assert.rejects(store.get([put.key]), isGone);
    await assert.rejects(store.head('j'), isGone);
    await assert.rejects(
      store.snapshot(async () => 1),
      isGone,
    );
    await store.close();
  });
});
