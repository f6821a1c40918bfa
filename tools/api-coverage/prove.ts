/** Runs the tests that claim a point with the server deaf to it: one must fail, or the claim is worth nothing. */
import { type Mutation, mutationsOf, type Point } from '../../test/support/claim-filters.ts';
import type { ClaimedPoint, FiledTest } from './claims.ts';

/** A test that waits for what never comes has noticed too; without a mutation it may be on a busy machine. */
const TIMEOUT_MS = { mutated: 10_000, sound: 60_000 } as const;

export interface Proof {
  readonly mutation: Mutation;
  /** The test that failed; undefined when all passed. */
  readonly caughtBy: FiledTest | undefined;
}

export interface ProofResult {
  readonly proofs: readonly Proof[];
  /** Tests that fail without any mutation: they prove nothing. */
  readonly broken: readonly { readonly test: FiledTest; readonly error: unknown }[];
}

export async function prove(claimed: readonly ClaimedPoint[]): Promise<ProofResult> {
  const broken: { test: FiledTest; error: unknown }[] = [];
  for (const test of new Set(claimed.flatMap(({ tests }) => tests))) {
    const error = await failureOf(test);
    if (error !== undefined) broken.push({ test, error });
  }
  const proofs: Proof[] = [];
  for (const { point, tests } of claimed) {
    const sound = tests.filter((test) => broken.every((row) => row.test !== test));
    for (const mutation of mutationsOf(point)) proofs.push({ mutation, caughtBy: await catcher(sound, mutation) });
  }
  return { proofs, broken };
}

async function catcher(tests: readonly FiledTest[], mutation: Mutation): Promise<FiledTest | undefined> {
  for (const test of tests) if ((await failureOf(test, mutation)) !== undefined) return test;
  return undefined;
}

async function failureOf(test: FiledTest, mutation?: Mutation): Promise<unknown> {
  const timeoutMs = mutation === undefined ? TIMEOUT_MS.sound : TIMEOUT_MS.mutated;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([test.run(mutation), late]);
    return undefined;
  } catch (error) {
    return error ?? new Error('failed');
  } finally {
    clearTimeout(timer);
  }
}

export function describePoint({ method, kind, name }: Point): string {
  return `${method} ${kind} ${name}`;
}
