import assert from 'node:assert/strict';
import test from 'node:test';
import { checkpointNames, parseLogName } from './log-names.ts';

const V = '00000000000000000010';

test('every name the protocol gives is known', () => {
  assert.deepEqual(parseLogName(`${V}.json`), { kind: 'commit', version: 10 });
  assert.deepEqual(parseLogName(`${V}.crc`), { kind: 'checksum', version: 10 });
  assert.deepEqual(parseLogName('_last_checkpoint'), { kind: 'hint' });
  assert.deepEqual(parseLogName('_sidecars/016ae953.parquet'), { kind: 'sidecar' });
  assert.deepEqual(parseLogName(`00000000000000000004.${V}.compacted.json`), {
    kind: 'compacted',
    version: 10,
    first: 4,
  });
});

test('a checkpoint gives an id, and the id gives its names again', () => {
  const uuid = '80a083e8-7026-4e79-81be-64bd76c43a11';
  const forms = {
    '10.c': [`${V}.checkpoint.parquet`],
    '10.m3': [1, 2, 3].map((part) => `${V}.checkpoint.000000000${part}.0000000003.parquet`),
    [`10.${uuid}.json`]: [`${V}.checkpoint.${uuid}.json`],
    [`10.${uuid}.parquet`]: [`${V}.checkpoint.${uuid}.parquet`],
  };
  for (const [id, leaves] of Object.entries(forms)) {
    for (const leaf of leaves) assert.deepEqual(parseLogName(leaf), { kind: 'checkpoint', version: 10, id });
    assert.deepEqual(
      checkpointNames('t/', id),
      leaves.map((leaf) => `t/_delta_log/${leaf}`),
    );
  }
});

test('look-alikes are other names', () => {
  for (const leaf of [
    '',
    `.${V}.json.crc`,
    `${V}.json.tmp`,
    '10.json',
    `${V}.checkpoint.0000000004.0000000003.parquet`,
    `${V}.checkpoint.0000000000.0000000003.parquet`,
    `${V}.checkpoint.a.b.parquet`,
    `${V}.00000000000000000009.compacted.json`,
    '99999999999999999999.json',
    '_sidecars/.016ae953.parquet.crc',
    '_staged_commits/00000000000000000011.016ae953.json',
    '.s3-optimization-0',
  ]) {
    assert.equal(parseLogName(leaf).kind, 'other', leaf);
  }
});
