/** `gcloud storage`, unmodified, where it is installed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findOnPath, type RunResult, runProgram } from '../support/client-tools.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const gcloud = findOnPath('gcloud');
const skip = gcloud === undefined ? 'gcloud is not installed' : false;
const bucket = 'gs://gcloud-client';
let gateway: MemoryGateway;

before(async () => {
  gateway = await startMemoryGateway();
});
after(() => gateway.close());

async function tryStorage(folder: string, ...args: readonly string[]): Promise<RunResult> {
  return await runProgram(gcloud ?? '', ['storage', ...args], {
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${gateway.url}/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'True',
    CLOUDSDK_CORE_PROJECT: 'test',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_CONFIG: join(folder, 'config'),
  });
}

interface Script {
  readonly path: (name: string) => string;
  readonly large: Buffer;
}

/** Customer-supplied keys: up, down, rotated and composed. */
async function keyedScript(
  storage: (...args: readonly string[]) => Promise<string>,
  { path, large }: Script,
): Promise<void> {
  const [key, next] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  await storage('cp', path('large'), `${bucket}/keyed`, `--encryption-key=${key}`);
  await assert.rejects(storage('cp', `${bucket}/keyed`, path('refused')));
  await storage('cp', `${bucket}/keyed`, path('keyed'), `--decryption-keys=${key}`);
  assert.ok(readFileSync(path('keyed')).equals(large));
  await storage('objects', 'update', `${bucket}/keyed`, `--encryption-key=${next}`, `--decryption-keys=${key}`);
  await assert.rejects(storage('cp', `${bucket}/keyed`, path('refused'), `--decryption-keys=${key}`));
  await storage('cp', `${bucket}/keyed`, path('rotated'), `--decryption-keys=${next}`);
  assert.ok(readFileSync(path('rotated')).equals(large));
  await storage('objects', 'update', `${bucket}/keyed`, '--clear-encryption-key', `--decryption-keys=${next}`);
  await storage('cp', `${bucket}/keyed`, path('cleared'));
  assert.ok(readFileSync(path('cleared')).equals(large));
}

test('gcloud storage runs the common script', { skip, timeout: 300_000 }, async () => {
  await using temporary = await temporaryFolder('gcloud');
  const folder = temporary.path;
  const storage = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await tryStorage(folder, ...args);
    assert.equal(status, 0, `gcloud storage ${args.join(' ')}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const path = (name: string) => join(folder, name);
  const large = randomBytes(12 * 1024 * 1024 + 17);
  writeFileSync(path('small'), 'a small object');
  writeFileSync(path('large'), large);
  mkdirSync(path('tree/deep'), { recursive: true });
  for (const name of ['a', 'b', 'deep/c']) writeFileSync(path(`tree/${name}`), name);

  await storage('buckets', 'create', bucket, '--location=EU');
  await storage('cp', path('small'), `${bucket}/dir/small ü`);
  await storage('cp', path('large'), `${bucket}/large`);
  assert.equal(await storage('cat', '-r', '2-6', `${bucket}/dir/small ü`), 'small');
  await storage('cp', `${bucket}/large`, path('down'));
  assert.ok(readFileSync(path('down')).equals(large));
  const guarded = await tryStorage(folder, 'cp', '--if-generation-match=0', path('small'), `${bucket}/large`);
  assert.notEqual(guarded.status, 0);
  assert.match(guarded.stderr, /412/);

  await storage('cp', '-r', path('tree'), bucket);
  assert.deepEqual((await storage('ls', '-r', `${bucket}/tree/**`)).trim().split('\n'), [
    `${bucket}/tree/a`,
    `${bucket}/tree/b`,
    `${bucket}/tree/deep/c`,
  ]);
  await storage('rsync', '-r', path('tree'), `${bucket}/synced`);
  await storage('cp', `${bucket}/large`, `${bucket}/copied`);
  await storage('objects', 'update', `${bucket}/copied`, '--storage-class=NEARLINE', '--content-type=text/x');
  const described = JSON.parse(await storage('objects', 'describe', `${bucket}/copied`, '--raw', '--format=json'));
  assert.deepEqual([described.storageClass, described.contentType], ['NEARLINE', 'text/x']);
  await storage('objects', 'compose', `${bucket}/dir/small ü`, `${bucket}/tree/a`, `${bucket}/composed`);
  await storage('mv', `${bucket}/composed`, `${bucket}/moved`);
  assert.equal(await storage('cat', `${bucket}/moved`), 'a small objecta');
  await keyedScript(storage, { path, large });
  await storage('rm', '-r', bucket);
  assert.notEqual((await tryStorage(folder, 'ls', bucket)).status, 0);
});
