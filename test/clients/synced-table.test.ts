/** Each client reads tables that came to a site by sync: it lists them, reads every object whole and in part. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Bucket, type File, Storage } from '@google-cloud/storage';
import { DEMO_BUCKET, DEMO_TABLES_FOLDER, prepareDemoTables } from '../../src/apps/demo/demo-tables.ts';
import { readFolder } from '../../src/apps/demo/replay/folder.ts';
import { findOnPath, findRclone, PYTHON_CLIENTS, runProgram, whyNoPython } from '../support/client-tools.ts';
import { type SyncedSite, startSyncedSite } from '../support/synced-site.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { SERVE_MISSING } from '../support/two-sites.ts';

/** Names with `%` in them, names that begin with a dot, empty objects. */
const TABLES = ['delta-v2-checkpoint-json-sidecars', 'hudi-cow-v6-overwritetable'];
const TIMEOUT_MS = 120_000;
const rclone = findRclone();
const gcloud = findOnPath('gcloud');

/** Names below a prefix, page by page: `maxResults` ends an automatic listing. */
async function listPages(bucket: Bucket, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  let query: object | null = { prefix, maxResults: 100, autoPaginate: false };
  while (query) {
    const [files, next]: [File[], object | null, unknown] = await bucket.getFiles(query);
    names.push(...files.map(({ name }) => name.slice(prefix.length)));
    query = next;
  }
  return names;
}

describe('clients read synced tables at a site', { skip: SERVE_MISSING }, () => {
  let synced: SyncedSite;
  /** One folder per table, as the site must show it. */
  let expected: TemporaryFolder;

  before(async () => {
    expected = await temporaryFolder('expected');
    for (const name of TABLES) await cp(join(DEMO_TABLES_FOLDER, name), join(expected.path, name), { recursive: true });
    const tables = (await prepareDemoTables()).filter(({ table }) => TABLES.includes(table.name));
    assert.equal(tables.length, TABLES.length);
    synced = await startSyncedSite(tables);
  });
  after(async () => {
    await synced?.[Symbol.asyncDispose]();
    await expected?.[Symbol.asyncDispose]();
  });

  test('@google-cloud/storage', { timeout: TIMEOUT_MS }, async () => {
    const bucket = new Storage({ apiEndpoint: synced.url, projectId: 'test' }).bucket(DEMO_BUCKET);
    for (const table of TABLES) {
      const files = await readFolder(join(expected.path, table));
      assert.deepEqual((await listPages(bucket, `${table}/`)).toSorted(), [...files.keys()].toSorted());
      for (const [name, content] of files) {
        const file = bucket.file(`${table}/${name}`);
        const [whole] = await file.download({ validation: 'crc32c' });
        assert.ok(whole.equals(content), name);
        const third = Math.floor(content.length / 3);
        if (third === 0) continue;
        const [part] = await file.download({ start: third, end: 2 * third - 1 });
        assert.ok(part.equals(content.subarray(third, 2 * third)), name);
      }
    }
    await assert.rejects(bucket.file(`${TABLES[0]}/new`).save('x', { resumable: false }), { code: 403 });
  });

  for (const client of ['google-cloud-storage', 'gcsfs', 'pyarrow']) {
    test(client, { skip: whyNoPython(PYTHON_CLIENTS) ?? false, timeout: TIMEOUT_MS }, async () => {
      const script = join(import.meta.dirname, 'python/read_synced.py');
      const args = [script, client, synced.url, DEMO_BUCKET, expected.path];
      const { status, stdout, stderr } = await runProgram(PYTHON_CLIENTS.python, args);
      assert.equal(status, 0, `${stdout}\n${stderr}`);
      assert.equal(stdout.trim(), 'ok');
    });
  }

  const noRclone = rclone === undefined ? 'no rclone here: npm run setup:clients builds it (needs Go)' : false;
  test('rclone', { skip: noRclone, timeout: TIMEOUT_MS }, async () => {
    const run = async (...args: readonly string[]): Promise<string> => {
      const options = ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1'];
      const { status, stdout, stderr } = await runProgram(rclone ?? '', [...options, ...args], {
        RCLONE_CONFIG_STRAIT_TYPE: 'google cloud storage',
        RCLONE_CONFIG_STRAIT_ENDPOINT: `${synced.url}/storage/v1/`,
        RCLONE_CONFIG_STRAIT_ANONYMOUS: 'true',
        RCLONE_CONFIG_STRAIT_PROJECT_NUMBER: 'test',
      });
      assert.equal(status, 0, `rclone ${args.join(' ')}\n${stdout}\n${stderr}`);
      return stdout;
    };
    for (const table of TABLES) {
      const [local, remote] = [join(expected.path, table), `strait:${DEMO_BUCKET}/${table}`];
      const files = await readFolder(local);
      const listed = (await run('lsf', '-R', '--files-only', remote)).trim().split('\n');
      assert.deepEqual(listed.toSorted(), [...files.keys()].toSorted());
      await run('check', '--download', local, remote);
      const [name = '', content = new Uint8Array()] = [...files].find(([path]) => path.endsWith('.parquet')) ?? [];
      const part = await run('cat', '--offset', '0', '--count', '4', `${remote}/${name}`);
      assert.equal(part, Buffer.from(content.subarray(0, 4)).toString());
      assert.equal(part, 'PAR1');
    }
  });

  const noGcloud = gcloud === undefined ? 'gcloud is not installed' : false;
  test('gcloud storage', { skip: noGcloud, timeout: TIMEOUT_MS }, async () => {
    await using folder = await temporaryFolder('gcloud-down');
    const run = async (...args: readonly string[]): Promise<void> => {
      const { status, stdout, stderr } = await runProgram(gcloud ?? '', ['storage', ...args], {
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${synced.url}/`,
        CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'True',
        CLOUDSDK_CORE_PROJECT: 'test',
        CLOUDSDK_CONFIG: join(folder.path, 'config'),
      });
      assert.equal(status, 0, `gcloud storage ${args.join(' ')}\n${stdout}\n${stderr}`);
    };
    for (const table of TABLES) {
      await run('cp', '-r', `gs://${DEMO_BUCKET}/${table}`, folder.path);
      for (const [name, content] of await readFolder(join(expected.path, table))) {
        assert.ok(readFileSync(join(folder.path, table, name)).equals(content), name);
      }
    }
  });
});
