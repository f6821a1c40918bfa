/** What clients set of a bucket is kept, by each way of setting it. */
import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';
import { SAMPLE_SETTINGS, settingFields } from '../support/bucket-settings.ts';

const PATH = '/storage/v1/b';
/** For the buckets whose requesters pay. */
const PAYER = 'userProject=payer';

for (const { what, settings, isForNewBuckets, location = 'US' } of SAMPLE_SETTINGS) {
  const fields = settingFields(settings);

  apiTest({ method: 'buckets.insert', fields }, `makes a bucket with ${what}`, async (gateway) => {
    const body = { name: 'some-bucket', location, ...settings };
    const made = await gateway.call('POST', `${PATH}?project=test`, { body });
    assert.equal(made.status, 200, made.text);
    assert.partialDeepStrictEqual(made.json, settings);
    assert.partialDeepStrictEqual((await gateway.call('GET', `${PATH}/some-bucket?${PAYER}`)).json, settings);
  });
  if (isForNewBuckets) continue;

  for (const [method, verb] of [
    ['buckets.patch', 'PATCH'],
    ['buckets.update', 'PUT'],
  ] as const) {
    apiTest({ method, fields }, `${verb} gives a bucket ${what}`, async (gateway) => {
      const bucket = await gateway.bucket({ location });
      const changed = await gateway.call(verb, `${PATH}/${bucket}`, { body: settings });
      assert.equal(changed.status, 200, changed.text);
      assert.partialDeepStrictEqual(changed.json, settings);
      assert.partialDeepStrictEqual((await gateway.call('GET', `${PATH}/${bucket}?${PAYER}`)).json, settings);
    });
  }
}
