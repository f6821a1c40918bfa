/**
 * Tests of the JSON API that say what they prove: which methods, and which of their parameters, fields of the resource
 * and headers. Each runs against a gateway of its own, on stores in memory and a clock that stands still until it is
 * told to move. `npm run coverage:api` makes the coverage page from these claims and, with `--prove`, checks each of
 * them: a test that passes although the server does not hear a parameter proves nothing about it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GlobalParameter, MethodId, ParameterOf } from '../../src/dialects/gcs-json/api/document.ts';
import { type Mutation, mutatingFilter, Recorder } from './claim-filters.ts';
import { Gcs } from './gcs.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type MemoryGateway, startMemoryGateway } from './memory-gateway.ts';

interface ClaimOf<Id extends MethodId> {
  readonly method: Id;
  /** Parameters of its path and query. Preconditions are tried inverted as well. */
  readonly parameters?: readonly ParameterOf<Id>[];
  /** Parameters that every method has, such as `fields`. */
  readonly globals?: readonly GlobalParameter[];
  /** Fields of the request's resource, `a.b` for a field of `a` or of each member of the list `a`. */
  readonly fields?: readonly string[];
  /** Headers that change what the method does, such as `if-match`. */
  readonly headers?: readonly string[];
}

/** What a test proves of one method. */
export type Claim = { readonly [Id in MethodId]: ClaimOf<Id> }[MethodId];

export interface ApiTest {
  readonly claims: readonly Claim[];
  readonly name: string;
  /** Runs it against a new gateway; rejects when it fails. With a mutation the server is deaf to one thing. */
  readonly run: (mutation?: Mutation) => Promise<void>;
}

/** A gateway that serves one test. */
export class ApiGateway extends Gcs {
  readonly clock: ManualClock;
  /** Gives the background work that is due one turn. */
  readonly runChores: () => Promise<void>;

  constructor(gateway: Pick<MemoryGateway, 'url' | 'runChores'>, clock: ManualClock) {
    super();
    this.clock = clock;
    this.runChores = gateway.runChores;
    this.connect(gateway.url);
  }
}

let collected: ApiTest[] | undefined;

/** A test of the API, which claims to fail if the server ignored any of what `claims` name. */
export function apiTest(claims: Claim | readonly Claim[], name: string, body: (gateway: ApiGateway) => Promise<void>) {
  const all = Array.isArray(claims) ? (claims as readonly Claim[]) : [claims as Claim];
  const run = (mutation?: Mutation) => runOnce(all, body, mutation);
  if (collected !== undefined) collected.push({ claims: all, name, run });
  else test(name, () => run());
}

/** The API tests that `load` declares, by importing their files: they are collected instead of run. */
export async function collectApiTests(load: () => Promise<unknown>): Promise<readonly ApiTest[]> {
  assert.equal(collected, undefined, 'API tests are being collected already');
  const found: ApiTest[] = [];
  collected = found;
  try {
    await load();
  } finally {
    collected = undefined;
  }
  return found;
}

async function runOnce(
  claims: readonly Claim[],
  body: (gateway: ApiGateway) => Promise<void>,
  mutation: Mutation | undefined,
): Promise<void> {
  const clock = manualClock();
  const recorder = new Recorder();
  const filter = mutation === undefined ? recorder : mutatingFilter(mutation);
  const gateway = await startMemoryGateway({ clock, filter });
  try {
    await body(new ApiGateway(gateway, clock));
  } finally {
    await gateway.close();
  }
  if (mutation === undefined) recorder.assertSent(claims);
}
