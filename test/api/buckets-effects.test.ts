/** What settings of a bucket do to its objects. */
import assert from 'node:assert/strict';
import { type ApiGateway, apiTest } from '../support/api-test.ts';
import { TestKey } from '../support/customer-keys.ts';
import { objectPath } from '../support/gcs.ts';

const KMS = 'projects/p/locations/us/keyRings/r/cryptoKeys/k';
const RESTRICTED = { restrictionMode: 'FullyRestricted' };
const FREE = { restrictionMode: 'NotRestricted' };
const CONFIGS = {
  google: 'googleManagedEncryptionEnforcementConfig',
  kms: 'customerManagedEncryptionEnforcementConfig',
  customer: 'customerSuppliedEncryptionEnforcementConfig',
} as const;
type Kind = keyof typeof CONFIGS;
const KINDS: readonly Kind[] = ['google', 'kms', 'customer'];

interface NumberedBucket {
  readonly projectNumber: string;
  readonly acl: readonly { readonly projectTeam: { readonly projectNumber: string } }[];
}

/** The kinds of encryption that the bucket takes uploads under. */
async function taken(gateway: ApiGateway, bucket: string): Promise<readonly Kind[]> {
  const key = new TestKey();
  const kinds: Kind[] = [];
  for (const kind of KINDS) {
    const query = `uploadType=media&name=by-${kind}${kind === 'kms' ? `&kmsKeyName=${KMS}` : ''}`;
    const headers = kind === 'customer' ? key.headers : {};
    const made = await gateway.call('POST', `/upload/storage/v1/b/${bucket}/o?${query}`, { body: 'x', headers });
    if (made.status === 200) kinds.push(kind);
    else assert.deepEqual([made.status, made.json.error.errors[0]?.reason], [412, 'conditionNotMet'], made.text);
    const begun = await gateway.call(
      'POST',
      `/upload/storage/v1/b/${bucket}/o?${query}`.replace('media', 'resumable'),
      {
        headers,
      },
    );
    assert.equal(begun.status, made.status, 'a resumable upload is refused when it begins');
  }
  return kinds;
}

const modeOf = (kind: Kind) => `encryption.${CONFIGS[kind]}.restrictionMode`;

apiTest(
  [
    { method: 'buckets.insert', fields: KINDS.map(modeOf) },
    { method: 'buckets.patch', fields: KINDS.map(modeOf) },
    { method: 'buckets.update', fields: KINDS.map(modeOf) },
  ],
  'a bucket takes no new objects under kinds of encryption that it restricts',
  async (gateway) => {
    for (const kind of KINDS) {
      const others = KINDS.filter((one) => one !== kind);
      const restricted = { encryption: { [CONFIGS[kind]]: RESTRICTED } };
      const bucket = await gateway.bucket(restricted);
      const path = `/storage/v1/b/${bucket}`;
      assert.deepEqual(await taken(gateway, bucket), others);
      const free = { encryption: { [CONFIGS[kind]]: FREE } };
      assert.equal((await gateway.call('PATCH', path, { body: free })).status, 200);
      assert.deepEqual(await taken(gateway, bucket), KINDS);
      assert.equal((await gateway.call('PATCH', path, { body: restricted })).status, 200);
      assert.deepEqual(await taken(gateway, bucket), others);
      assert.equal((await gateway.call('PUT', path, { body: free })).status, 200);
      assert.deepEqual(await taken(gateway, bucket), KINDS);
      assert.equal((await gateway.call('PUT', path, { body: restricted })).status, 200);
      assert.deepEqual(await taken(gateway, bucket), others);
    }
  },
);

apiTest(
  { method: 'buckets.insert', fields: ['encryption.defaultKmsKeyName', modeOf('google')] },
  'a restriction holds for copies, compositions and restorations, and for what the default key does not cover',
  async (gateway) => {
    const softDeletePolicy = { retentionDurationSeconds: '604800' };
    const bucket = await gateway.bucket({ softDeletePolicy });
    const old = await gateway.put(bucket, 'old');
    await gateway.put(bucket, 'kept');
    assert.equal((await gateway.call('DELETE', objectPath(bucket, 'old'))).status, 204);
    const encryption = { [CONFIGS.google]: RESTRICTED };
    const path = `/storage/v1/b/${bucket}`;
    assert.equal((await gateway.call('PATCH', path, { body: { encryption } })).status, 200);
    const kept = objectPath(bucket, 'kept');
    const tries = async (query = '') => {
      const answers = [
        await gateway.call('POST', `${kept}/copyTo/b/${bucket}/o/copied`, { body: {} }),
        await gateway.call('POST', `${kept}/rewriteTo/b/${bucket}/o/copied`, { body: {} }),
        await gateway.call('POST', `${objectPath(bucket, 'sum')}/compose`, {
          body: { sourceObjects: [{ name: 'kept' }] },
        }),
        await gateway.call('POST', `${objectPath(bucket, 'old')}/restore?generation=${old.generation}${query}`),
      ];
      return answers.map(({ status }) => status);
    };
    assert.deepEqual(await tries(), [412, 412, 412, 412]);
    assert.equal((await gateway.media(bucket, 'kept')).text, 'kept', 'what is there stays as it is');
    const body = { encryption: { ...encryption, defaultKmsKeyName: KMS } };
    assert.equal((await gateway.call('PATCH', path, { body })).status, 200);
    assert.deepEqual(await tries(), [200, 200, 200, 200]);
    assert.equal((await gateway.put(await gateway.bucket(body), 'x')).kmsKeyName, KMS);
  },
);

apiTest(
  [
    { method: 'objects.get', globals: ['alt'] },
    { method: 'buckets.setIamPolicy', fields: ['bindings.members', 'bindings.role'] },
    { method: 'buckets.patch', fields: ['iamConfiguration.publicAccessPrevention'] },
  ],
  'what everyone may read may be cached for an hour, unless the object says otherwise',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const path = `/storage/v1/b/${bucket}`;
    const caching = async (name: string) => (await gateway.media(bucket, name)).headers['cache-control'];
    await gateway.put(bucket, 'own');
    await gateway.put(bucket, 'by-list', 'x', '&predefinedAcl=publicRead');
    await gateway.insert(bucket, { name: 'says', cacheControl: 'no-store' }, 'x', '&predefinedAcl=publicRead');
    const all = async () => [await caching('own'), await caching('by-list'), await caching('says')];
    const [hour, none] = ['public, max-age=3600', 'private, max-age=0'];
    assert.deepEqual(await all(), [none, hour, 'no-store']);
    const setPolicy = async (role: string, members: readonly string[]) => {
      const body = { bindings: [{ role, members }] };
      assert.equal((await gateway.call('PUT', `${path}/iam`, { body })).status, 200);
    };
    await setPolicy('roles/storage.objectViewer', ['allUsers']);
    assert.deepEqual(await all(), [hour, hour, 'no-store']);
    await setPolicy('roles/storage.objectCreator', ['allUsers']);
    assert.deepEqual(await all(), [none, hour, 'no-store']);
    await setPolicy('roles/storage.objectViewer', ['user:a@example.com']);
    assert.deepEqual(await all(), [none, hour, 'no-store']);
    await setPolicy('roles/storage.objectAdmin', ['allUsers']);
    assert.deepEqual(await all(), [hour, hour, 'no-store']);
    const prevented = { iamConfiguration: { publicAccessPrevention: 'enforced' } };
    assert.equal((await gateway.call('PATCH', path, { body: prevented })).status, 200);
    assert.deepEqual(await all(), [none, none, 'no-store']);
  },
);

apiTest(
  [
    { method: 'buckets.insert', parameters: ['project'] },
    { method: 'buckets.list', parameters: ['project'] },
    { method: 'projects.serviceAccount.get', parameters: ['projectId'] },
  ],
  'a project has one number, wherever it is told and whichever of its names is used',
  async (gateway) => {
    const make = async (name: string, project: string): Promise<string> => {
      const made = await gateway.call('POST', `/storage/v1/b?project=${project}&projection=full`, { body: { name } });
      const { projectNumber, acl } = JSON.parse(made.text) as NumberedBucket;
      assert.equal(acl[0]?.projectTeam.projectNumber, projectNumber);
      return projectNumber;
    };
    const [number, again, other] = [await make('a-1', 'lake'), await make('a-2', 'lake'), await make('b-1', 'pond')];
    assert.match(number, /^[1-9]\d{11}$/);
    assert.equal(again, number);
    assert.notEqual(other, number);
    assert.equal(await make('a-3', number), number);
    const listed = async (project: string) =>
      (await gateway.call('GET', `/storage/v1/b?project=${project}`)).json.items.map(
        (item: { readonly name: string }) => item.name,
      );
    for (const name of ['lake', number]) assert.deepEqual(await listed(name), ['a-1', 'a-2', 'a-3']);
    assert.deepEqual(await listed('pond'), ['b-1']);
    const account = async (project: string) => {
      const answer = await gateway.call('GET', `/storage/v1/projects/${project}/serviceAccount`);
      return (JSON.parse(answer.text) as { readonly email_address: string }).email_address;
    };
    assert.equal(await account('lake'), `service-${number}@gs-project-accounts.iam.gserviceaccount.com`);
    assert.equal(await account(number), await account('lake'));
  },
);
