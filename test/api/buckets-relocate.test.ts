/** Relocations: judged, begun, and advanced where they wait. */
import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const KEY = 'projects/p/locations/eu/keyRings/r/cryptoKeys/k';

interface OperationJson {
  readonly name: string;
  readonly done: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

async function relocate(gateway: ApiGateway, bucket: string, body: Record<string, unknown>): Promise<OperationJson> {
  const begun = await gateway.call('POST', `/storage/v1/b/${bucket}/relocate`, { body });
  assert.equal(begun.status, 200, begun.text);
  return JSON.parse(begun.text) as OperationJson;
}

const idOf = ({ name }: OperationJson) => name.split('/').at(-1) ?? '';
const bucketJson = async (gateway: ApiGateway, bucket: string) =>
  JSON.parse((await gateway.call('GET', `/storage/v1/b/${bucket}`)).text) as Readonly<Record<string, unknown>>;

apiTest(
  {
    method: 'buckets.relocate',
    parameters: ['bucket'],
    fields: [
      'destinationLocation',
      'destinationKmsKeyName',
      'destinationCustomPlacementConfig.dataLocations',
      'validateOnly',
    ],
  },
  'moves a bucket to where it is asked for, or judges that it could be',
  async (gateway) => {
    const [bucket, other] = [await gateway.bucket(), await gateway.bucket()];
    const dataLocations = ['us-east1', 'us-west1'];
    const placement = { destinationLocation: 'US', destinationCustomPlacementConfig: { dataLocations } };
    const request = { ...placement, destinationKmsKeyName: KEY };
    assert.equal((await relocate(gateway, bucket, { ...request, validateOnly: true })).done, true);
    await gateway.runChores();
    assert.equal((await bucketJson(gateway, bucket))['locationType'], 'multi-region');
    assert.equal((await relocate(gateway, bucket, request)).done, false);
    await gateway.runChores();
    const moved = await bucketJson(gateway, bucket);
    assert.deepEqual([moved['location'], moved['locationType']], ['US', 'dual-region']);
    assert.deepEqual(moved['customPlacementConfig'], { dataLocations: ['US-EAST1', 'US-WEST1'] });
    assert.deepEqual(moved['encryption'], { defaultKmsKeyName: KEY });
    assert.equal((await bucketJson(gateway, other))['locationType'], 'multi-region');
    const judged = await relocate(gateway, other, { destinationLocation: 'EU', validateOnly: true });
    assert.equal(judged.metadata['destinationLocation'], 'EU');
    assert.equal((await gateway.call('POST', '/storage/v1/b/none/relocate', { body: request })).status, 404);
  },
);

apiTest(
  {
    method: 'operations.advanceRelocateBucket',
    parameters: ['bucket', 'operationId'],
    fields: ['ttl', 'expireTime'],
  },
  'takes the last step of a relocation that waits for it, for so long',
  async (gateway) => {
    const [bucket, other, third] = [await gateway.bucket(), await gateway.bucket(), await gateway.bucket()];
    const ids: string[] = [];
    for (const one of [bucket, other, third])
      ids.push(idOf(await relocate(gateway, one, { destinationLocation: 'EU' })));
    const [id = '', otherId = '', thirdId = ''] = ids;
    await gateway.runChores();
    const advance = async (of: string, operation: string, body: Record<string, unknown> = {}) => {
      const path = `/storage/v1/b/${of}/operations/${operation}`;
      const { status } = await gateway.call('POST', `${path}/advanceRelocateBucket`, { body });
      return { status, operation: JSON.parse((await gateway.call('GET', path)).text) as OperationJson };
    };
    assert.equal((await advance(other, id)).status, 404);
    assert.equal((await advance(bucket, id, { ttl: '60s' })).status, 400);
    const nowMs = gateway.clock.nowMs();
    const until = (ms: number) => new Date(nowMs + ms).toISOString();
    const byTtl = await advance(bucket, id, { ttl: '21600s' });
    assert.deepEqual([byTtl.status, byTtl.operation.metadata['writeDowntimeExpireTime']], [204, until(21_600_000)]);
    const byTime = await advance(other, otherId, { expireTime: until(90_000) });
    assert.equal(byTime.operation.metadata['writeDowntimeExpireTime'], until(90_000));
    await gateway.runChores();
    assert.equal((await bucketJson(gateway, bucket))['location'], 'EU');
    assert.equal((await bucketJson(gateway, other))['location'], 'EU');
    assert.equal((await bucketJson(gateway, third))['location'], 'US');
    assert.notEqual(thirdId, '');
  },
);
