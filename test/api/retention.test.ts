import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';

const lock = (gateway: ApiGateway, bucket: string, metageneration: string | undefined) => {
  const query = metageneration === undefined ? '' : `?ifMetagenerationMatch=${metageneration}`;
  return gateway.call('POST', `/storage/v1/b/${bucket}/lockRetentionPolicy${query}`);
};

apiTest(
  { method: 'buckets.lockRetentionPolicy', parameters: ['bucket', 'ifMetagenerationMatch'] },
  'locks the policy that the caller has seen, for good',
  async (gateway) => {
    const bucket = await gateway.bucket({ retentionPolicy: { retentionPeriod: '60' } });
    const other = await gateway.bucket({ retentionPolicy: { retentionPeriod: '60' } });
    assert.equal((await lock(gateway, bucket, undefined)).status, 400);
    assert.equal((await lock(gateway, bucket, '7')).status, 412);
    const locked = await lock(gateway, bucket, '1');
    assert.equal(locked.status, 200, locked.text);
    const policyOf = async (name: string) =>
      JSON.parse((await gateway.call('GET', `/storage/v1/b/${name}`)).text).retentionPolicy;
    assert.equal((await policyOf(bucket)).isLocked, true);
    assert.equal((await policyOf(other)).isLocked, undefined);
    const body = { retentionPolicy: null };
    assert.equal((await gateway.call('PATCH', `/storage/v1/b/${bucket}`, { body })).status, 403);
    assert.equal((await gateway.call('PATCH', `/storage/v1/b/${other}`, { body })).status, 200);
    assert.equal((await lock(gateway, other, '2')).status, 400, 'there is nothing to lock any more');
  },
);

apiTest(
  { method: 'buckets.insert', fields: ['retentionPolicy.retentionPeriod'] },
  'refuses to delete or replace before the time is over, and says until when',
  async (gateway) => {
    const bucket = await gateway.bucket({ retentionPolicy: { retentionPeriod: '60' } });
    await gateway.put(bucket, 'a', 'one');
    const refused = await gateway.call('DELETE', `/storage/v1/b/${bucket}/o/a`);
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.json.error.errors[0]?.reason, 'retentionPolicyNotMet');
    assert.match(refused.json.error.message, /cannot be deleted or overwritten until \d{4}-/);
    await gateway.clock.advance(60_000);
    assert.equal((await gateway.call('DELETE', `/storage/v1/b/${bucket}/o/a`)).status, 204);
  },
);
