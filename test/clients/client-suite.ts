/** A client and the features it is put through, one test for each. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RequestFilter } from '../../src/dialects/gcs-json/api/call.ts';
import type { Method } from '../../src/dialects/gcs-json/api/methods.ts';
import type { DecodedParameters } from '../../src/dialects/gcs-json/api/parameters.ts';
import type { RequestHeaders } from '../../src/dialects/shared/http-message.ts';
import { type Client, cellName, type Feature, testedFeatures } from '../support/client-features.ts';
import type { RunResult } from '../support/client-tools.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';

const TIMEOUT_MS = 300_000;
const MIB = 1024 * 1024;

/** Whatever a client says, or does not say, one call of a rewrite moves a MiB: it has to come back with its token. */
class ShortRewrites implements RequestFilter {
  /** Calls that brought a token. */
  continued = 0;

  parameters({ id }: Method, decoded: DecodedParameters): DecodedParameters {
    if (id !== 'objects.rewrite') return decoded;
    if (decoded.has('rewriteToken')) this.continued += 1;
    return new Map([...decoded, ['maxBytesRewrittenPerCall', BigInt(MIB)]]);
  }

  headers = (_method: Method, headers: RequestHeaders): RequestHeaders => headers;
  resource = (_method: Method, resource: Readonly<Record<string, unknown>>) => resource;
}

export interface ClientSuite {
  /** The reason, when there is one. */
  readonly skip: string | false | ((feature: Feature) => string | false);
  /** Features that are under way at the same time. */
  readonly concurrency?: number;
  /** Throws when the client did not get from the gateway what the feature promises. */
  readonly check: (feature: Feature, gateway: MemoryGateway) => Promise<void>;
}

export function testClient(client: Client, { skip, check, concurrency = 1 }: ClientSuite): void {
  describe(client, { concurrency }, () => {
    let gateway: MemoryGateway;
    const filter = new ShortRewrites();
    before(async () => {
      gateway = await startMemoryGateway({ testFaults: true, filter });
    });
    after(() => gateway.close());
    for (const feature of testedFeatures(client)) {
      const reason = typeof skip === 'function' ? skip(feature) : skip;
      test(cellName(client, feature), { skip: reason, timeout: TIMEOUT_MS }, async () => {
        await check(feature, gateway);
        if (feature === 'rewrite') assert.ok(filter.continued > 0, 'no call came with a token');
      });
    }
  });
}

/**
 * A client in a program of its own, which runs once: it goes through the features and prints for each a line of JSON,
 * `{"feature": …}`, with an `error` when the client did not get what it should have.
 */
export function testProgram(
  client: Client,
  { skip, run }: { readonly skip: string | false; readonly run: (gateway: MemoryGateway) => Promise<RunResult> },
): void {
  let running: Promise<RunResult> | undefined;
  testClient(client, {
    skip,
    check: async (feature, gateway) => {
      running ??= run(gateway);
      const result = await running;
      const reports = readReports(result.stdout);
      const unknown = [...reports.keys()].filter((name) => !testedFeatures(client).some((one) => one === name));
      assert.deepEqual(unknown, [], 'the program reports what the table does not have');
      const report = reports.get(feature);
      assert.ok(report, `the program ended (${result.status}) without a word on it\n${result.stderr.slice(-4_000)}`);
      if (report.error !== undefined) throw new Error(report.error);
    },
  });
}

interface Report {
  readonly feature: string;
  readonly error?: string;
}

function readReports(stdout: string): ReadonlyMap<string, Report> {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return new Map(lines.map((line): Report => JSON.parse(line)).map((report) => [report.feature, report]));
}
