import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CloudConfig, readServeConfig, type ServeConfig } from '../runtime/config/serve-config.ts';
import { gatewaySettings, namespaceSettings, syncSettings, transferConcurrency } from './service-settings.ts';

function following(args: readonly string[] = []): ServeConfig & { readonly cloud: CloudConfig } {
  const base = ['--site', 'east', '--data', 'x'];
  const cloud = args.includes('--cloud') ? [] : ['--cloud', 'http://127.0.0.1:9000'];
  const config = readServeConfig({ args: [...base, ...cloud, ...args], env: {} });
  assert.ok(config.cloud);
  return { ...config, cloud: config.cloud };
}

test('what is fetched at one time fits the buffer, whatever is asked for', () => {
  const MIB = 2 ** 20;
  assert.equal(transferConcurrency({ partBytes: 4 * MIB, bufferBytes: 96 * MIB }, 8), 8);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 2, max: 999 }),
      fc.integer({ min: 1, max: 256 }),
      (partBytes, parts, wanted) => {
        const bufferBytes = partBytes * parts;
        const objects = transferConcurrency({ partBytes, bufferBytes }, wanted);
        assert.ok(objects >= 1 && objects <= wanted);
        assert.ok(objects * partBytes <= bufferBytes);
      },
    ),
  );
});

test('a loopback cloud is kept whole; off loopback only what is named, unless all of it is hot', () => {
  const real = ['--cloud', 'https://lake.example.com'];
  assert.equal(syncSettings(following()).policies.fallback, 'keep');
  assert.equal(syncSettings(following([...real, '--hot-all'])).policies.fallback, 'keep');
  const config = { ...following([...real, '--hot-all']), hotAll: false };
  assert.equal(syncSettings(config).policies.fallback, 'pass-through');
});

test('a site that follows a cloud says so to the namespace, and a stand-in keeps its generation key', () => {
  assert.equal(namespaceSettings(following()).followsCloud, true);
  const standIn = readServeConfig({ args: ['--site', 'cloud', '--data', 'x', '--as-gcs', 'rough'], env: {} });
  assert.equal(namespaceSettings(standIn).followsCloud, false);
  assert.deepEqual(gatewaySettings(standIn).manners, gatewaySettings(standIn).manners);
  assert.equal(gatewaySettings(following()).manners, undefined);
});
