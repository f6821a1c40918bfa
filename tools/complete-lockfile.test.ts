import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPlatforms, platformOf } from './complete-lockfile.ts';

test('a platform package says in its name what it runs on', () => {
  assert.deepEqual(platformOf('@biomejs/cli-linux-arm64-musl'), { os: ['linux'], cpu: ['arm64'], libc: ['musl'] });
  assert.deepEqual(platformOf('@oxc-parser/binding-win32-x64-msvc'), { os: ['win32'], cpu: ['x64'] });
  assert.deepEqual(platformOf('undici'), {});
});

test('what a package offers for other platforms is added once; what is locked or names no platform is left', () => {
  const tool = {
    version: '1.0.0',
    dev: true,
    optionalDependencies: { 'tool-darwin-arm64': '1.0.0', fsevents: '2.0.0' },
  };
  const packages = { 'node_modules/tool': tool, 'node_modules/tool-linux-x64': { version: '1.0.0' } };
  assert.deepEqual(missingPlatforms(packages), {
    'node_modules/tool-darwin-arm64': { version: '1.0.0', os: ['darwin'], cpu: ['arm64'], dev: true, optional: true },
  });
});
