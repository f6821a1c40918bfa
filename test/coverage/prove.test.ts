/** Every claim of the API tests, tried with the server deaf to what is claimed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApiTests } from '../../tools/api-coverage/claims.ts';
import { Coverage } from '../../tools/api-coverage/coverage.ts';
import { describePoint, prove } from '../../tools/api-coverage/prove.ts';

test('a test fails for each claim that the server does not hear', async () => {
  const { proofs, broken } = await prove(new Coverage(await readApiTests()).claimed);
  assert.deepEqual(
    broken.map(({ test: { file, name }, error }) => `${file}, ${name}: ${error}`),
    [],
  );
  const missed = proofs.filter(({ caughtBy }) => caughtBy === undefined);
  assert.deepEqual(
    missed.map(({ mutation }) => `${describePoint(mutation)} (${mutation.how})`),
    [],
    'mend the tests that claim these: they pass without',
  );
  assert.ok(proofs.length > 250, `only ${proofs.length} claims were tried`);
});
