/** Random transactions against a Map that no one could get wrong; afterwards every read must agree with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Check, MetadataStore, Transaction, Write } from '../../src/stores/metadata/port.ts';
import { hex, type Subject, TOP } from './metadata-subject.ts';

/** Few, short, nasty keys, so that transactions meet. */
const KEYS = ['00', '0000', '00ff', '01', '61', '6100', '61ff', '6162', 'ee8080', 'f09f9880', 'ff', 'ffff'].map((key) =>
  Uint8Array.from(Buffer.from(key, 'hex')),
);
const BOUNDS = [new Uint8Array(), ...KEYS, TOP];
const SCOPES = ['s', 't'];

const anyKey = fc.nat(KEYS.length - 1);
const anyStep = fc.record({
  checks: fc.array(
    fc.record({
      kind: fc.constantFrom('current', 'stale', 'absent', 'empty'),
      at: anyKey,
      to: fc.nat(BOUNDS.length - 1),
    }),
    { maxLength: 2 },
  ),
  writes: fc.uniqueArray(fc.record({ at: anyKey, value: fc.option(fc.uint8Array({ maxLength: 20 })) }), {
    maxLength: 4,
    selector: ({ at }) => at,
  }),
  appends: fc.array(fc.constantFrom('j', 'k'), { maxLength: 3 }),
  mints: fc.array(fc.record({ scope: fc.constantFrom(...SCOPES), nowMicros: fc.bigInt(0n, 40n) }), { maxLength: 3 }),
  reopen: fc.integer({ min: 0, max: 19 }),
});
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

class Model {
  readonly rows = new Map<string, { value: string; version: bigint }>();
  readonly journals = new Map<string, string[]>();
  readonly last = new Map<string, bigint>();
  version = 0n;

  between(start: Uint8Array, end: Uint8Array): string[] {
    const inside = [...this.rows.keys()].filter((key) => key >= hex(start) && key < hex(end));
    return inside.sort((a, b) => (a < b ? -1 : 1));
  }

  holds(check: Check): boolean {
    if (check.kind === 'rangeEmpty') return this.between(check.range.start, check.range.end).length === 0;
    const row = this.rows.get(hex(check.key));
    return check.kind === 'absent' ? row === undefined : row?.version === check.version;
  }
}

export function testModel(subject: Subject): void {
  describe('against a model', () => {
    test('any sequence of transactions leaves the rows, journals and marks of a Map', async (context) => {
      const numRuns = Math.max(5, Math.floor(subject.settings.rounds / 100));
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 20 }), async (steps) => {
          const place = await subject.settings.place();
          const model = new Model();
          let store = await place.open();
          try {
            for (const step of steps) {
              await runStep(store, model, step);
              if (place.reopens && step.reopen === 0) {
                await store.close();
                store = await place.open();
              }
            }
            await compare(store, model);
          } finally {
            await store.close();
            await place.remove();
          }
        }),
        { numRuns },
      );
      context.diagnostic(`${numRuns} runs`);
    });
  });
}

function key(at: number): Uint8Array {
  return KEYS[at] ?? Uint8Array.of(0);
}

function asTransaction(step: Step, model: Model): Transaction {
  const checks = step.checks.map(({ kind, at, to }): Check => {
    const version = model.rows.get(hex(key(at)))?.version ?? 0n;
    if (kind === 'current') return { kind: 'version', key: key(at), version };
    if (kind === 'stale') return { kind: 'version', key: key(at), version: version + 1n };
    if (kind === 'absent') return { kind: 'absent', key: key(at) };
    return { kind: 'rangeEmpty', range: { start: key(at), end: BOUNDS[to] ?? TOP } };
  });
  const writes = step.writes.map(
    ({ at, value }): Write =>
      value === null ? { kind: 'delete', key: key(at) } : { kind: 'put', key: key(at), value },
  );
  return { checks, writes, appends: step.appends.map((journal) => ({ journal, value: key(0) })), mints: step.mints };
}

async function runStep(store: MetadataStore, model: Model, step: Step): Promise<void> {
  const transaction = asTransaction(step, model);
  const outcome = await store.commit(transaction);
  const failed = transaction.checks.findIndex((check) => !model.holds(check));
  if (outcome.kind === 'conflict' || failed >= 0) {
    assert.deepEqual(outcome, { kind: 'conflict', check: failed });
    return;
  }
  assert.ok(outcome.version > model.version);
  model.version = outcome.version;
  for (const write of transaction.writes) {
    if (write.kind === 'delete') model.rows.delete(hex(write.key));
    else model.rows.set(hex(write.key), { value: hex(write.value), version: outcome.version });
  }
  for (const [index, { journal, value }] of (transaction.appends ?? []).entries()) {
    const entries = model.journals.get(journal) ?? [];
    model.journals.set(journal, entries);
    entries.push(hex(value));
    assert.equal(outcome.seqs[index], BigInt(entries.length));
  }
  for (const [index, { scope, nowMicros }] of (transaction.mints ?? []).entries()) {
    const last = model.last.get(scope) ?? 0n;
    const wanted = nowMicros > last ? nowMicros : last + 1n;
    model.last.set(scope, wanted);
    assert.equal(outcome.minted[index], wanted);
  }
}

async function compare(store: MetadataStore, model: Model): Promise<void> {
  const rows = await store.get(KEYS);
  for (const [index, row] of rows.entries()) {
    assert.deepEqual(row && { value: hex(row.value), version: row.version }, model.rows.get(hex(key(index))));
  }
  for (const start of BOUNDS) {
    for (const end of BOUNDS) {
      const wanted = model.between(start, end);
      for (const [limit, reverse] of [
        [100, false],
        [2, false],
        [100, true],
        [2, true],
      ] as const) {
        const found = (await store.scan({ start, end }, { limit, reverse })).map((row) => hex(row.key));
        assert.deepEqual(found, (reverse ? wanted.toReversed() : wanted).slice(0, limit));
      }
    }
  }
  for (const journal of ['j', 'k'])
    assert.equal(await store.head(journal), BigInt(model.journals.get(journal)?.length ?? 0));
}
