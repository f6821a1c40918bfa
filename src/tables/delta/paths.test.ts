import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { TableLocation } from '../port.ts';
import { percentDecode, resolveDeletionVector, resolvePath, uuidFromZ85 } from './paths.ts';

const location: TableLocation = { bucket: 'lake', prefix: 'a b/t/', format: 'delta' };

test('relative paths are decoded once', () => {
  const names = {
    'part-1.parquet': 'part-1.parquet',
    'c2=+%20%253D%25250/part.parquet': 'c2=+ %3D%250/part.parquet',
    'test%25file%25prefix-part-0.parquet': 'test%file%prefix-part-0.parquet',
    'ts=2020-01-01T00:00:00/p.parquet': 'ts=2020-01-01T00:00:00/p.parquet',
    'part-0:1.parquet': 'part-0:1.parquet',
    'caf%C3%A9/%F0%9F%98%80.parquet': 'café/😀.parquet',
  };
  for (const [path, name] of Object.entries(names)) {
    assert.deepEqual(resolvePath(location, path), { name: `a b/t/${name}` });
  }
});

test('what is not percent-encoding stays as it is', () => {
  assert.equal(percentDecode('100%/x%zz%4'), '100%/x%zz%4');
  assert.equal(percentDecode('%ff%20'), '%ff%20');
});

test('encoding and decoding once is the identity', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => percentDecode(encodeURIComponent(text)) === text));
});

test('absolute paths resolve below the table only', () => {
  assert.deepEqual(resolvePath(location, 'gs://lake/a%20b/t/x%2525.parquet'), { name: 'a b/t/x%25.parquet' });
  for (const path of [
    'gs://other/a%20b/t/x.parquet',
    'gs://lake/a%20b/other/x.parquet',
    's3://lake/a%20b/t/x.parquet',
    'file:/a%20b/t/x.parquet',
    'hdfs://host:8020/a%20b/t/x.parquet',
    '/a%20b/t/x.parquet',
    '',
  ]) {
    assert.ok('problem' in resolvePath(location, path), path);
  }
});

test('deletion vectors: the examples of the protocol', () => {
  const uuid = 'd2c639aa-8816-431a-aaf6-d3fe2512ff61';
  assert.equal(uuidFromZ85('^-aqEH.-t@S}K{vb[*k^'), uuid);
  const resolve = (storageType: string, pathOrInlineDv: string) =>
    resolveDeletionVector(location, { storageType, pathOrInlineDv });
  assert.deepEqual(resolve('u', 'ab^-aqEH.-t@S}K{vb[*k^'), { name: `a b/t/ab/deletion_vector_${uuid}.bin` });
  assert.deepEqual(resolve('u', '^-aqEH.-t@S}K{vb[*k^'), { name: `a b/t/deletion_vector_${uuid}.bin` });
  assert.deepEqual(resolve('p', `gs://lake/a%20b/t/${uuid}.bin`), { name: `a b/t/${uuid}.bin` });
  assert.equal(resolve('i', 'wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L'), undefined);
  for (const [type, path] of [
    ['u', 'short'],
    ['u', '~~~~~~~~~~~~~~~~~~~~'],
    ['u', '####################'],
    ['x', uuid],
    ['p', 'gs://other/x.bin'],
  ] as const) {
    const answer = resolve(type, path);
    assert.ok(answer !== undefined && 'problem' in answer, `${type} ${path}`);
  }
});
