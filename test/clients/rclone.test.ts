/** rclone, unmodified: it downloads from `mediaLink` and keeps modification times in custom metadata. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findRclone, type RunResult, runProgram } from '../support/client-tools.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const rclone = findRclone();
const skip = rclone === undefined ? 'no rclone here: npm run setup:clients builds it (needs Go)' : false;
let gateway: MemoryGateway;

before(async () => {
  gateway = await startMemoryGateway();
});
after(() => gateway.close());

async function tryRclone(...args: readonly string[]): Promise<RunResult> {
  return await runProgram(
    rclone ?? '',
    ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '1', ...args],
    {
      RCLONE_CONFIG_STRAIT_TYPE: 'google cloud storage',
      RCLONE_CONFIG_STRAIT_ENDPOINT: `${gateway.url}/storage/v1/`,
      RCLONE_CONFIG_STRAIT_ANONYMOUS: 'true',
      RCLONE_CONFIG_STRAIT_PROJECT_NUMBER: 'test',
      RCLONE_CONFIG_STRAIT_BUCKET_POLICY_ONLY: 'true',
    },
  );
}

async function run(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await tryRclone(...args);
  assert.equal(status, 0, `rclone ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

test('rclone runs the common script', { skip, timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder('rclone');
  const path = (name: string) => join(folder.path, name);
  const large = randomBytes(20 * 1024 * 1024 + 17);
  mkdirSync(path('tree/deep'), { recursive: true });
  for (const name of ['a', 'b ü', 'deep/c']) writeFileSync(path(`tree/${name}`), `content of ${name}`);
  writeFileSync(path('tree/empty'), '');
  writeFileSync(path('tree/large'), large);

  await run('mkdir', 'strait:rclone-client');
  assert.match(await run('lsd', 'strait:'), /rclone-client/);
  await run('copy', path('tree'), 'strait:rclone-client/tree');
  await run('check', path('tree'), 'strait:rclone-client/tree');
  await run('check', '--download', path('tree'), 'strait:rclone-client/tree');
  const listed = await run('lsf', '-R', '--files-only', 'strait:rclone-client/tree');
  assert.deepEqual(listed.trim().split('\n').toSorted(), ['a', 'b ü', 'deep/c', 'empty', 'large']);
  await run('copy', 'strait:rclone-client/tree', path('down'));
  assert.ok(readFileSync(path('down/large')).equals(large));
  const part = ['--offset', '11', '--count', '4'];
  assert.equal(await run('cat', ...part, 'strait:rclone-client/tree/deep/c'), 'deep');

  writeFileSync(path('tree/a'), 'changed');
  await run('sync', path('tree'), 'strait:rclone-client/tree');
  assert.equal(await run('cat', 'strait:rclone-client/tree/a'), 'changed');
  await run('copyto', 'strait:rclone-client/tree/large', 'strait:rclone-client/copied');
  await run('moveto', 'strait:rclone-client/copied', 'strait:rclone-client/moved');
  assert.equal(await run('lsf', 'strait:rclone-client'), 'moved\ntree/\n');
  await run('deletefile', 'strait:rclone-client/moved');
  assert.notEqual((await tryRclone('rmdir', 'strait:rclone-client')).status, 0);
  await run('purge', 'strait:rclone-client');
  assert.doesNotMatch(await run('lsd', 'strait:'), /rclone-client/);
});
