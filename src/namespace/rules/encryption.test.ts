import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bucket } from '../../model/bucket.ts';
import type { ObjectEncryption } from '../../model/encryption.ts';
import { bucketId, scopeId } from '../../model/ids.ts';
import { SecretKey } from '../../model/secret-key.ts';
import {
  assertChoice,
  assertKmsKeyName,
  chosenEncryption,
  inOneDomain,
  judgeKey,
  judgeNewEncryption,
} from './encryption.ts';
import { newState, withEncryption } from './new-state.ts';

const KMS = 'projects/p/locations/us/keyRings/ring/cryptoKeys/key';
const key = (sha256: string) => ({ secret: new SecretKey(new Uint8Array(32)), sha256 });
const under = (keySha256: string): ObjectEncryption => ({ kind: 'customer', keySha256 });
const kms: ObjectEncryption = { kind: 'kms', keyName: KMS };

const bucketOf = (change: Partial<Bucket> = {}): Bucket => ({
  name: 'b',
  id: bucketId('0'.repeat(16)),
  scopeId: scopeId('0'.repeat(16)),
  owner: 'here',
  project: 'p',
  generation: 1n,
  metageneration: 1n,
  timeCreatedMs: 0,
  updatedMs: 0,
  location: 'US',
  storageClass: 'STANDARD',
  settings: {},
  ...change,
});

test('a key must be the one of the object, and be there when bytes are asked for', () => {
  const reason = (...[encryption, given, isForBytes]: [ObjectEncryption | undefined, string | undefined, boolean]) =>
    judgeKey(encryption, given === undefined ? undefined : key(given), { side: 'target', isForBytes })?.details.reason;
  assert.equal(reason(under('a'), 'a', true), undefined);
  assert.equal(reason(under('a'), undefined, false), undefined);
  assert.equal(reason(under('a'), undefined, true), 'resourceIsEncryptedWithCustomerEncryptionKey');
  for (const isForBytes of [true, false]) {
    assert.equal(reason(under('a'), 'b', isForBytes), 'customerEncryptionKeyIsIncorrect');
    for (const other of [undefined, kms]) {
      assert.equal(reason(other, undefined, isForBytes), undefined);
      assert.equal(reason(other, 'a', isForBytes), 'resourceNotEncryptedWithCustomerEncryptionKey');
    }
  }
});

test('segments are shared within a tenant, a location and a key', () => {
  const [here, there] = [bucketOf(), bucketOf({ location: 'EU' })];
  const at = (bucket: Bucket, encryption?: ObjectEncryption) => ({ bucket, encryption });
  assert.ok(inOneDomain(at(here), at(bucketOf({ name: 'other' }))));
  assert.ok(inOneDomain(at(here, under('a')), at(here, under('a'))));
  assert.ok(inOneDomain(at(here, kms), at(here)), 'bytes under the name of a KMS key are not encrypted yet');
  assert.ok(!inOneDomain(at(here), at(there)));
  assert.ok(!inOneDomain(at(here), at(bucketOf({ project: 'q' }))));
  assert.ok(!inOneDomain(at(here, under('a')), at(here, under('b'))));
  assert.ok(!inOneDomain(at(here, under('a')), at(here)));
  assert.ok(!inOneDomain(at(here), at(here, under('a'))));
});

test('a request chooses one key, else the bucket does', () => {
  assert.throws(() => assertChoice({ customerKey: key('a'), kmsKeyName: KMS }), { code: 'invalidArgument' });
  for (const name of ['', 'k', `${KMS}/`, `${KMS}/cryptoKeyVersions/1`, KMS.replace('locations', 'regions')]) {
    assert.throws(() => assertKmsKeyName(name, 'kmsKeyName'), { code: 'invalidArgument' }, name);
  }
  const facts = { size: 0, crc32c: 0, content: { kind: 'local' as const, segments: [] } };
  const bucket = bucketOf({ settings: { encryption: { defaultKmsKeyName: KMS } } });
  const made = (choice: Parameters<typeof chosenEncryption>[0]) =>
    newState({}, withEncryption(facts, chosenEncryption(choice)), { bucket, nowMs: 1 }).encryption;
  assert.deepEqual(made({}), kms);
  assert.deepEqual(made({ customerKey: key('a') }), under('a'));
  assert.deepEqual(made({ kmsKeyName: `${KMS}2` }), { kind: 'kms', keyName: `${KMS}2` });
  assert.equal(newState({}, facts, { bucket: bucketOf(), nowMs: 1 }).encryption, undefined);
});

test('a bucket takes new objects of the kinds of encryption that it does not restrict', () => {
  const config = (name: string, restrictionMode: string) => ({
    [`${name}EncryptionEnforcementConfig`]: { restrictionMode },
  });
  const refused = (encryption: object) => {
    const bucket = bucketOf({ settings: { encryption } });
    return [undefined, kms, under('a')].map((chosen) => judgeNewEncryption(bucket, chosen)?.code !== undefined);
  };
  const [google, managed, supplied] = ['googleManaged', 'customerManaged', 'customerSupplied'].map((name) =>
    config(name, 'FullyRestricted'),
  );
  assert.deepEqual(refused({}), [false, false, false]);
  assert.deepEqual(refused(config('googleManaged', 'NotRestricted')), [false, false, false]);
  assert.deepEqual(refused({ ...google }), [true, false, false]);
  assert.deepEqual(refused({ ...managed }), [false, true, false]);
  assert.deepEqual(refused({ ...supplied }), [false, false, true]);
  assert.deepEqual(refused({ ...google, defaultKmsKeyName: KMS }), [false, false, false]);
  assert.deepEqual(refused({ ...managed, defaultKmsKeyName: KMS }), [true, true, false]);
});
