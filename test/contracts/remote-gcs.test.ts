/** The GCS remote over HTTP: the contract, then what only a network can do to it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isStraitError } from '../../src/model/errors.ts';
import { generation } from '../../src/model/ids.ts';
import { type Credentials, credentialsFor } from '../../src/remotes/gcs/credentials.ts';
import { GcsRemote, type GcsRemoteSettings } from '../../src/remotes/gcs/gcs-remote.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { patterned } from '../support/patterned-bytes.ts';
import { type Fault, ScriptedGcs } from '../support/scripted-gcs.ts';
import { remoteContract } from './remote.ts';

const QUICK: Omit<GcsRemoteSettings, 'endpoint'> = { firstDelayMs: 1, delayMsMax: 5, idleTimeoutMs: 300 };
const signal = new AbortController().signal;

function remoteTo(endpoint: string, settings: Partial<GcsRemoteSettings> = {}, credentials = credentialsFor('none')) {
  const deps = { clock: systemClock, random: seededRandom(3), credentials };
  return new GcsRemote(deps, { ...QUICK, endpoint, ...settings });
}

remoteContract('gcs', async () => {
  const server = new ScriptedGcs();
  const remote = remoteTo(await server.listen());
  return {
    remote,
    createBucket: async (name) => server.objects.createBucket(name),
    put: async (bucket, name, bytes, attributes) => void server.objects.put(bucket, name, bytes, attributes),
    patch: async (bucket, name, attributes) => void server.objects.patch(bucket, name, attributes),
    delete: async (bucket, name) => server.objects.delete(bucket, name),
    close: async () => {
      await remote.close();
      await server.close();
    },
  };
});

describe('gcs remote against a faulty network', () => {
  const server = new ScriptedGcs();
  const content = patterned(1_000_000);
  let endpoint = '';
  let remote = remoteTo('http://127.0.0.1:1');
  before(async () => {
    endpoint = await server.listen();
    remote = remoteTo(endpoint);
    server.objects.createBucket('lake');
    server.objects.put('lake', 'large', content);
  });
  after(async () => {
    await remote.close();
    await server.close();
  });

  const stateOf = (name: string) => {
    const found = server.objects.peek('lake', name);
    assert.ok(found);
    return found.state;
  };
  const read = async (start = 0, end = content.length) => {
    const request = { bucket: 'lake', name: 'large', generation: stateOf('large').generation, range: { start, end } };
    const chunks: Uint8Array[] = [];
    for await (const chunk of remote.readRange(request, signal)) chunks.push(Uint8Array.from(chunk));
    return Buffer.concat(chunks);
  };

  const bodyFaults: readonly Fault[] = [
    { kind: 'status', status: 429, retryAfter: '0' },
    { kind: 'status', status: 503, body: 'backend error' },
    { kind: 'status', status: 408 },
    { kind: 'reset', afterBytes: 0 },
    { kind: 'reset', afterBytes: 300_000 },
    { kind: 'end', afterBytes: 300_001 },
    { kind: 'stall', afterBytes: 65_536 },
    { kind: 'otherRange' },
  ];
  for (const fault of bodyFaults) {
    test('a bucket whose requesters pay is paid for by the project, once it asks for that', async () => {
      const paying = remoteTo(endpoint, { project: 'payer' });
      const refused: Fault = { kind: 'status', status: 400, body: '{"error":{"code":400,"message":"who pays?"}}' };
      const payers = async (call: () => Promise<unknown>, ...faults: Fault[]) => {
        server.faults = faults;
        const from = server.requests.length;
        await call();
        return server.requests.slice(from).map(({ headers }) => headers['x-goog-user-project']);
      };
      const get = () => paying.getObject('lake', 'large', signal);
      assert.deepEqual(await payers(get), [undefined]);
      assert.deepEqual(await payers(get, refused), [undefined, 'payer']);
      assert.deepEqual(await payers(get), ['payer']);
      const list = () => paying.listObjects('other', {}, signal).catch(() => {});
      assert.deepEqual(await payers(list, refused, refused), [undefined, 'payer']);
      assert.deepEqual(await payers(list, refused, refused), [undefined, 'payer'], 'the project did not mend it');
      await assert.rejects(
        payers(() => remote.getObject('lake', 'large', signal), refused),
        (error) => isStraitError(error),
      );
      await paying.close();
    });

    test(`a body survives ${JSON.stringify(fault)}, each byte once`, async () => {
      for (const [start, end] of [
        [0, content.length],
        [100, 900_000],
      ] as const) {
        server.faults = [fault, fault];
        assert.ok((await read(start, end)).equals(content.subarray(start, end)));
      }
    });
  }

  test('after a break the rest is asked for, not the whole', async () => {
    server.requests.length = 0;
    server.faults = [{ kind: 'end', afterBytes: 400_000 }];
    await read();
    const ranges = server.requests.map(({ headers }) => headers.range);
    assert.deepEqual(ranges, ['bytes=0-999999', 'bytes=400000-999999']);
    assert.ok(server.requests.every(({ headers }) => headers['accept-encoding'] === 'gzip'));
    assert.match(String(server.requests[0]?.headers['user-agent']), /^strait\//);
  });

  test('progress renews the tries: many breaks with bytes between do not add up to a failure', async () => {
    server.faults = Array.from({ length: 12 }, () => ({ kind: 'end', afterBytes: 50_000 }));
    assert.ok((await read()).equals(content));
  });

  test('a server that ignores ranges is refused unless the range is the whole object', async () => {
    server.faults = [{ kind: 'ignoreRange' }];
    assert.ok((await read()).equals(content));
    server.faults = Array.from({ length: 6 }, () => ({ kind: 'ignoreRange' }));
    await assert.rejects(read(5, 100), (error) => isStraitError(error, 'unavailable'));
    server.faults = [];
  });

  const jsonFaults: readonly Fault[] = [
    { kind: 'garbage' },
    { kind: 'status', status: 500 },
    { kind: 'reset', afterBytes: 10 },
    { kind: 'end', afterBytes: 10 },
    { kind: 'stall', afterBytes: 10 },
    {
      kind: 'status',
      status: 403,
      body: '{"error":{"code":403,"message":"slow","errors":[{"reason":"rateLimitExceeded"}]}}',
    },
  ];
  for (const fault of jsonFaults) {
    test(`metadata survives ${JSON.stringify(fault)}`, async () => {
      server.faults = [fault, fault];
      assert.equal((await remote.getObject('lake', 'large', signal))?.state.size, content.length);
    });
  }

  test('a fault that stays ends as unavailable, after the tries that were set; each was counted', async () => {
    const before = remote.callCount();
    server.faults = Array.from({ length: 20 }, () => ({ kind: 'status', status: 503, retryAfter: '1' }));
    await assert.rejects(remote.getObject('lake', 'large', signal), (error) => {
      assert.ok(isStraitError(error, 'unavailable'));
      assert.equal(error.details.retryAfterMs, 1000);
      return true;
    });
    server.faults = [];
    assert.equal(remote.callCount() - before, 6);
  });

  test('nobody there: unavailable', async () => {
    const nowhere = remoteTo('http://127.0.0.1:1', { attemptsMax: 2 });
    await assert.rejects(nowhere.listBuckets(signal), (error) => isStraitError(error, 'unavailable'));
    await nowhere.close();
  });

  test('403 is permissionDenied with the words of the remote, and is not retried', async () => {
    const before = remote.callCount();
    const body = JSON.stringify({ error: { code: 403, message: 'sync@x lacks storage.objects.get', errors: [] } });
    server.faults = [{ kind: 'status', status: 403, body }];
    await assert.rejects(remote.getObject('lake', 'large', signal), (error) => {
      assert.ok(isStraitError(error, 'permissionDenied'));
      assert.match(error.message, /lacks storage\.objects\.get/);
      return true;
    });
    assert.equal(remote.callCount() - before, 1);
  });

  test('credentials that cannot be read are permissionDenied and name the file', async () => {
    const keyless = remoteTo(endpoint, {}, credentialsFor('absent-key.json'));
    await assert.rejects(keyless.getObject('lake', 'large', signal), (error) => {
      assert.ok(isStraitError(error, 'permissionDenied'));
      assert.match(error.message, /absent-key\.json/);
      return true;
    });
    await keyless.close();
  });

  test('a refused token is renewed once', async () => {
    let token = 1;
    const credentials: Credentials = {
      headers: async () => ({ authorization: `Bearer ${token}` }),
      renew: () => {
        token += 1;
      },
    };
    const signed = remoteTo(endpoint, {}, credentials);
    server.requests.length = 0;
    server.faults = [{ kind: 'status', status: 401 }];
    assert.ok(await signed.getObject('lake', 'large', signal));
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.authorization),
      ['Bearer 1', 'Bearer 2'],
    );
    server.faults = [
      { kind: 'status', status: 401 },
      { kind: 'status', status: 401 },
    ];
    await assert.rejects(signed.getObject('lake', 'large', signal), (error) =>
      isStraitError(error, 'permissionDenied'),
    );
    await signed.close();
  });

  test('an abort ends a stalled body and a wait between tries with its reason', async () => {
    for (const fault of [
      { kind: 'stall', afterBytes: 100 },
      { kind: 'status', status: 503 },
    ] as const) {
      const slow = remoteTo(endpoint, { idleTimeoutMs: 60_000, firstDelayMs: 60_000, delayMsMax: 60_000 });
      const stop = new AbortController();
      const reason = new Error('shutting down');
      server.faults = [fault];
      const range = { start: 0, end: content.length };
      const request = { bucket: 'lake', name: 'large', generation: stateOf('large').generation, range };
      setTimeout(() => stop.abort(reason), 50);
      await assert.rejects(async () => {
        for await (const _ of slow.readRange(request, stop.signal));
      }, reason);
      await slow.close();
    }
  });

  test('every kept field of the resource arrives, and unknown ones word for word', async () => {
    const opaque = {
      retention: { mode: 'Unlocked', retainUntilTime: '2030-01-01T00:00:00.000Z' },
    };
    const contexts = { team: { value: 'lake', createTimeMs: 1_700_000_000_000, updateTimeMs: 1_700_000_001_000 } };
    const attributes = {
      contentType: 'text/plain',
      contentDisposition: 'attachment',
      contentLanguage: 'de',
      cacheControl: 'no-cache',
      storageClass: 'NEARLINE',
      metadata: { a: 'b' },
      customTimeMs: Date.UTC(2020, 1, 2, 3, 4, 5, 678),
      temporaryHold: true,
      eventBasedHold: false,
      contexts,
      opaque,
    };
    const encryption = { kind: 'kms', keyName: 'projects/p/locations/l/keyRings/r/cryptoKeys/k' } as const;
    const more = { componentCount: 3, crc32c: 0xfedcba98, encryption };
    const state = server.objects.put('lake', 'kept', 'x', { ...attributes, ...more });
    const got = await remote.getObject('lake', 'kept', signal);
    assert.deepEqual(got?.state, state);
    const page = await remote.listObjects('lake', { prefix: 'kept' }, signal);
    assert.deepEqual(page.objects[0]?.state, state);
    const asked = server.requests.at(-1)?.path ?? '';
    assert.ok(!asked.includes('selfLink') && asked.includes('kmsKeyName'), 'the fields are chosen');
  });

  test('a resource that breaks the API is unavailable, not a crash', async () => {
    const broken = ['{}', '{"name":"x"}', '{"name":"x","generation":"one"}', '[]'];
    for (const body of broken) {
      server.faults = Array.from({ length: 6 }, () => ({ kind: 'status', status: 200, body }));
      await assert.rejects(remote.getObject('lake', 'x', signal), (error) => isStraitError(error, 'unavailable'), body);
    }
    server.faults = [];
    const request = { bucket: 'lake', name: 'large', generation: generation(5n), range: { start: 0, end: 1 } };
    await assert.rejects(remote.readRange(request, signal)[Symbol.asyncIterator]().next(), (error) =>
      isStraitError(error, 'objectNotFound'),
    );
  });
});
