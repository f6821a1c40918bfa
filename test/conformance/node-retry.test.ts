/**
 * Google's retry conformance scenarios (googleapis/conformance-tests, retry_tests.json) through its client for Node,
 * unmodified: calls fail as each case says; the client must retry what may be retried, and nothing else.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Storage } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import { httpCall } from '../support/http-call.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';
import { ENTITY, FILE_CONTENT, GROUPED_CALLS, LIBRARY_CALLS, type LibraryCall, type Resources } from './node-calls.ts';

type DecorateRequestOptions = ReturnType<
  Extract<Storage['interceptors'][number]['request'], (...args: never) => unknown>
>;

interface Scenario {
  readonly id: number;
  readonly description: string;
  readonly cases: readonly { readonly instructions: readonly string[] }[];
  readonly methods: readonly {
    readonly name: string;
    readonly resources: readonly string[];
    readonly group?: string;
  }[];
  readonly preconditionProvided: boolean;
  readonly expectSuccess: boolean;
}

const FILE = resolve(import.meta.dirname, '../../../shared/conformance/retry_tests.json');
const scenarios: readonly Scenario[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).retryTests : [];
/** Delays between retries, as a share of what the client waits in earnest. */
const RETRY_DELAY_MULTIPLIER = 0.01;
/** Most of a case is the client waiting before it tries again. */
const CASES_AT_ONCE = 24;

let gateway: MemoryGateway;
before(async () => {
  gateway = await startMemoryGateway({ testFaults: true });
});
after(() => gateway.close());

function connect(retryTestId?: string): Storage {
  const storage = new Storage({
    apiEndpoint: gateway.url,
    projectId: 'test',
    // Signed in, as programs are: uploads then go through the authorized client, which retries too.
    authClient: signedIn(),
    useAuthWithCustomEndpoint: true,
    retryOptions: { retryDelayMultiplier: RETRY_DELAY_MULTIPLIER },
  });
  if (retryTestId === undefined) return storage;
  storage.interceptors.push({
    request: (options) => {
      options.headers = { ...options.headers, 'x-retry-test-id': retryTestId };
      return options as DecorateRequestOptions;
    },
  });
  return storage;
}

function signedIn(): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: 'anyone', expiry_date: Date.now() + 3_600_000 });
  return client;
}

let count = 0;

/** What the case needs, made without failures, then seen through the client whose calls fail. */
async function prepare(
  method: string,
  names: readonly string[],
  storage: Storage,
): Promise<Omit<Resources, 'isConditional'>> {
  count += 1;
  const calm = connect();
  const [made] = await calm.createBucket(`retry-test-${process.pid}-${count}`);
  await made.acl.add({ entity: ENTITY, role: 'READER' });
  await made.acl.default.add({ entity: ENTITY, role: 'READER' });
  if (method === 'storage.buckets.lockRetentionPolicy') await made.setRetentionPeriod(60);
  const file = made.file('file.bin');
  if (method !== 'storage.buckets.delete') await file.save(FILE_CONTENT, { resumable: false });
  const bucket = storage.bucket(made.name);
  bucket.metadata = (await made.getMetadata())[0];
  if (method === 'storage.buckets.setIamPolicy') {
    bucket.metadata = { ...bucket.metadata, policy: (await made.iam.getPolicy())[0] } as typeof bucket.metadata;
  }
  const seen = bucket.file(file.name);
  if (method !== 'storage.buckets.delete') seen.metadata = (await file.getMetadata())[0];
  const notification = names.includes('NOTIFICATION')
    ? bucket.notification((await made.createNotification('projects/test/topics/changes'))[0].id ?? '')
    : undefined;
  const hmacKey = names.includes('HMAC_KEY') ? await prepareKey(method, calm, storage) : undefined;
  return { storage, bucket, file: seen, notification, hmacKey };
}

/** An account has few keys at a time, so each case has an account of its own. */
async function prepareKey(method: string, calm: Storage, storage: Storage) {
  const [made] = await calm.createHmacKey(`account-${count}@test.iam.gserviceaccount.com`);
  if (method === 'storage.hmacKey.delete') await made.setMetadata({ state: 'INACTIVE' });
  const key = storage.hmacKey(made.metadata?.accessId ?? '');
  key.metadata = (await made.getMetadata())[0];
  return key;
}

interface Case {
  readonly scenario: Scenario;
  readonly method: Scenario['methods'][number];
  readonly instructions: readonly string[];
  readonly call: LibraryCall;
}

async function runCase({ scenario, method, instructions, call }: Case): Promise<void> {
  const plan = { instructions: { [method.name]: instructions } };
  const made = await httpCall(gateway.url, 'POST', '/retry_test', { body: plan });
  assert.equal(made.status, 200, made.text);
  const { id } = made.json;
  const resources = await prepare(method.name, method.resources, connect(id));
  const calling = call({ ...resources, isConditional: scenario.preconditionProvided });
  if (scenario.expectSuccess) await calling;
  else await assert.rejects(calling);
  const { text } = await httpCall(gateway.url, 'GET', `/retry_test/${id}`);
  assert.equal(JSON.parse(text).completed, true, `not everything happened: ${text}`);
}

for (const scenario of scenarios) {
  describe(`scenario ${scenario.id}: ${scenario.description}`, { concurrency: CASES_AT_ONCE }, () => {
    for (const method of scenario.methods) {
      const calls = (method.group === undefined ? LIBRARY_CALLS[method.name] : GROUPED_CALLS[method.group]) ?? {};
      test(`${method.group ?? method.name} is called by the client`, () =>
        assert.notEqual(Object.keys(calls).length, 0));
      for (const [way, call] of Object.entries(calls)) {
        for (const { instructions } of scenario.cases) {
          const name = `${method.group ?? method.name} by ${way}: ${instructions.join(', ')}`;
          test(name, { timeout: 60_000 }, () => runCase({ scenario, method, instructions, call }));
        }
      }
    }
  });
}

test('the scenarios are there', { skip: scenarios.length === 8 ? false : `needs ${FILE}` }, () => {
  assert.equal(scenarios.length, 8);
});
