/** `bin/strait` as a newcomer's shell runs it: from anywhere, through links, before and after `npm ci`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const launcher = resolve('bin/strait');

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strait-cli-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function strait(command: string, args: readonly string[], cwd: string) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
}

test('runs from another folder, with no Node on the PATH', () => {
  inFolder((folder) => {
    const { status, stdout } = strait(launcher, ['help'], folder);
    assert.equal(status, 0);
    assert.match(stdout, /Usage: strait COMMAND/);
  });
});

test('says its version, as its package does', () => {
  inFolder((folder) => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.match(version, /^\d+\.\d+\.\d+/);
    const { status, stdout } = strait(launcher, ['--version'], folder);
    assert.deepEqual([status, stdout], [0, `strait ${version}\n`]);
    assert.deepEqual(JSON.parse(strait(launcher, ['--version', '--json'], folder).stdout), { version });
    assert.match(strait(launcher, ['help'], folder).stdout, /strait --version/);
  });
});

test('runs through links, absolute and relative, one after the other', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'bin dir'));
    symlinkSync(launcher, join(folder, 'bin dir', 'first'));
    symlinkSync(join('bin dir', 'first'), join(folder, 'second'));
    for (const link of ['bin dir/first', 'second']) {
      assert.equal(strait(join(folder, link), ['help'], folder).status, 0, link);
    }
  });
});

test('says what to do when the dependencies are missing', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'bin'));
    cpSync(launcher, join(folder, 'bin', 'strait'));
    const { status, stderr } = strait(join(folder, 'bin', 'strait'), ['help'], folder);
    assert.equal(status, 2);
    assert.match(stderr, /run npm ci/);
  });
});

test('exit codes reach the shell: 2 for an unknown command and for a site that does not answer', () => {
  assert.equal(strait(launcher, ['stauts'], '.').status, 2);
  const { status, stdout } = strait(launcher, ['status', '--site', 'http://127.0.0.1:1', '--json'], '.');
  assert.equal(status, 2);
  assert.match(JSON.parse(stdout).error, /cannot be asked for its status/);
});
