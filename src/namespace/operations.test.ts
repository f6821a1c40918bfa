import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAKE, lakeFixture } from '../../test/support/lake-fixture.ts';
import { type Operation, RPC_CODE } from '../model/operation.ts';
import {
  advanceOperationsOnce,
  expireOperationsOnce,
  OPERATION_KEPT_MS,
  type OperationWorkers,
} from './advance-operations.ts';
import { endedOperation, type NewOperation, newOperation, operationWrites } from './operations.ts';
import { allPendingOperations, bucketKey } from './rows/keys.ts';

const SIGNAL = new AbortController().signal;
const RESPONSE = { kind: 'response' as const, response: { made: 1 } };

async function operationFixture() {
  const fixture = await lakeFixture();
  const { deps, namespace } = fixture;
  const bucket = await namespace.getBucket({ name: LAKE, preconditions: {} });
  const begin = async (parts: NewOperation): Promise<Operation> => {
    const operation = newOperation(deps, bucket, parts);
    await deps.metadata.commit({ checks: [], writes: operationWrites(operation) });
    return operation;
  };
  const get = (id: string) => namespace.getOperation({ bucket: LAKE, id });
  const pending = async () => (await deps.metadata.scan(allPendingOperations(), { limit: 100 })).length;
  return { ...fixture, bucket, begin, get, pending };
}

/** Counts to three in the record, and one row a step beside it. */
const counting: OperationWorkers = {
  bulkRestoreObjects: {
    step: async (deps, operation) => {
      const count = Number(operation.work['count'] ?? 0) + 1;
      const next = { ...operation, work: { count }, shown: { count }, progressPercent: count * 33 };
      return {
        transaction: { checks: [], writes: [{ kind: 'put', key: bucketKey(`zz${count}`), value: Uint8Array.of(1) }] },
        next: count === 3 ? endedOperation(next, RESPONSE, deps.clock.nowMs()) : next,
      };
    },
    cancel: async () => ({
      checks: [],
      writes: [{ kind: 'put', key: bucketKey('zzcancelled'), value: Uint8Array.of(1) }],
    }),
  },
};

test('an operation that is whole when it begins is done at once', async () => {
  const { begin, get, pending } = await operationFixture();
  const begun = await begin({ kind: 'renameFolder', shown: { a: 'b' }, outcome: RESPONSE });
  assert.deepEqual(await get(begun.id), begun);
  assert.deepEqual([begun.outcome, begun.endedMs, begun.progressPercent], [RESPONSE, begun.createdMs, 100]);
  assert.equal(await pending(), 0);
});

test('a worker drives an operation on, its rows and the record in one transaction each', async () => {
  const { deps, begin, get, pending, pass } = await operationFixture();
  const { id } = await begin({ kind: 'bulkRestoreObjects' });
  assert.equal(await pending(), 1);
  pass(10);
  assert.equal(await advanceOperationsOnce(deps, counting, SIGNAL), 1);
  const ended = await get(id);
  assert.deepEqual([ended.shown, ended.outcome, ended.progressPercent], [{ count: 3 }, RESPONSE, 100]);
  assert.equal(ended.endedMs, ended.createdMs + 10);
  assert.equal(await pending(), 0);
  assert.equal((await deps.metadata.get([bucketKey('zz2')]))[0] !== undefined, true);
  assert.equal(await advanceOperationsOnce(deps, counting, SIGNAL), 0);
});

test('a cancelled operation ends as CANCELLED, its worker taking back; one that is over stays', async () => {
  const { deps, namespace, begin, get } = await operationFixture();
  const { id } = await begin({ kind: 'bulkRestoreObjects' });
  await namespace.cancelOperation({ bucket: LAKE, id });
  assert.deepEqual([(await get(id)).isCancelRequested, (await get(id)).outcome], [true, undefined]);
  await advanceOperationsOnce(deps, counting, SIGNAL);
  const { outcome } = await get(id);
  assert.equal(outcome?.kind === 'error' && outcome.code, RPC_CODE.cancelled);
  assert.notEqual((await deps.metadata.get([bucketKey('zzcancelled')]))[0], undefined);
  assert.equal((await deps.metadata.get([bucketKey('zz1')]))[0], undefined);
  const whole = await begin({ kind: 'renameFolder', outcome: RESPONSE });
  await namespace.cancelOperation({ bucket: LAKE, id: whole.id });
  assert.deepEqual(await get(whole.id), whole);
});

test('a refusal ends an operation with its reason, a passing fault leaves it to the next turn', async () => {
  const { deps, begin, get } = await operationFixture();
  const { id } = await begin({ kind: 'relocateBucket' });
  const { namespace } = await operationFixture();
  const refusing: OperationWorkers = {
    relocateBucket: { step: () => namespace.getBucket({ name: 'none', preconditions: {} }).then(() => undefined) },
  };
  const failing = { ...counting, relocateBucket: { step: () => Promise.reject(new Error('disk')) } };
  const other = await begin({ kind: 'bulkRestoreObjects' });
  await assert.rejects(advanceOperationsOnce(deps, failing, SIGNAL), /disk/);
  assert.equal((await get(id)).outcome, undefined);
  assert.deepEqual((await get(other.id)).outcome, RESPONSE);
  assert.equal(await advanceOperationsOnce(deps, refusing, SIGNAL), 1);
  const message = 'The specified bucket does not exist.';
  assert.deepEqual((await get(id)).outcome, { kind: 'error', code: RPC_CODE.notFound, message });
});

test('operations are listed in order of creation, filtered, page by page', async () => {
  const { deps, namespace, begin, pass } = await operationFixture();
  const ids: string[] = [];
  for (let index = 0; index < 7; index += 1) {
    const outcome = index % 2 === 0 ? { outcome: RESPONSE } : {};
    ids.push((await begin({ kind: 'renameFolder', ...outcome })).id);
    pass(1);
  }
  const listAll = async (filter: string, maxResults: number) => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const from = after === undefined ? {} : { after };
      const page = await namespace.listOperations({ bucket: LAKE, filter, maxResults, ...from });
      assert.ok(page.operations.length <= maxResults);
      found.push(...page.operations.map(({ id }) => id));
      after = page.nextAfter;
    } while (after !== undefined);
    return found;
  };
  for (const size of [1, 2, 3, 7, 100]) {
    assert.deepEqual(await listAll('', size), ids);
    assert.deepEqual(
      await listAll('done = true', size),
      ids.filter((_, index) => index % 2 === 0),
    );
  }
  await assert.rejects(namespace.listOperations({ bucket: LAKE, filter: 'size = 1', maxResults: 1 }), {
    code: 'invalidArgument',
  });
  await assert.rejects(namespace.listOperations({ bucket: 'none', maxResults: 1 }), { code: 'bucketNotFound' });
  pass(OPERATION_KEPT_MS);
  assert.equal(await expireOperationsOnce(deps, SIGNAL), 4);
  assert.deepEqual(
    await listAll('', 100),
    ids.filter((_, index) => index % 2 === 1),
  );
});

test('an operation nobody knows is not found, whatever its id looks like', async () => {
  const { namespace } = await operationFixture();
  for (const id of ['', 'x', '../x', '0'.repeat(32), 'A'.repeat(32)]) {
    await assert.rejects(namespace.getOperation({ bucket: LAKE, id }), { code: 'notFound' }, id);
    await assert.rejects(namespace.cancelOperation({ bucket: LAKE, id }), { code: 'notFound' }, id);
  }
});
