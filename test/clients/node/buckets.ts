/** Buckets, and who may do what with them. */
import assert from 'node:assert/strict';
import type { Scene } from './scene.ts';

const READER = 'user-reader@example.com';

export const buckets = {
  buckets: async (scene: Scene) => {
    const { storage, bucket } = scene;
    await bucket.create({ location: 'EU', labels: { team: 'storage' } });
    await assert.rejects(bucket.create(), { code: 409 });
    const [{ location, storageClass }] = await bucket.getMetadata();
    assert.deepEqual([location, storageClass], ['EU', 'STANDARD']);
    await storage.createBucket(`${bucket.name}-2`);
    const [found] = await storage.getBuckets({ prefix: bucket.name });
    assert.deepEqual(
      found.map(({ name }) => name),
      [bucket.name, `${bucket.name}-2`],
    );
    await bucket.setLabels({ stage: 'test' });
    await bucket.deleteLabels('team');
    assert.deepEqual(await bucket.getLabels(), [{ stage: 'test' }]);
    await scene.put('content');
    await assert.rejects(bucket.delete(), { code: 409 });
    await bucket.deleteFiles();
    await bucket.delete();
    assert.deepEqual(await bucket.exists(), [false]);
    await assert.rejects(bucket.getMetadata(), { code: 404 });
  },

  settings: async ({ bucket }: Scene) => {
    const rule = {
      action: { type: 'SetStorageClass' as const, storageClass: 'COLDLINE' },
      condition: { age: 30, isLive: true, matchesPrefix: ['logs/'] },
    };
    const cors = [{ maxAgeSeconds: 3_600, method: ['GET'], origin: ['https://x.example'] }];
    await bucket.create({ storageClass: 'NEARLINE', lifecycle: { rule: [rule] }, cors });
    await bucket.setMetadata({ website: { mainPageSuffix: 'index.html', notFoundPage: '404.html' } });
    await bucket.enableLogging({ prefix: 'access' });
    const [found] = await bucket.getMetadata();
    assert.deepEqual([found.lifecycle, found.cors], [{ rule: [rule] }, cors]);
    assert.deepEqual([found.website?.notFoundPage, found.logging?.logObjectPrefix], ['404.html', 'access']);
    await bucket.file('stored').save('x', { resumable: false });
    assert.equal((await bucket.file('stored').getMetadata())[0].storageClass, 'NEARLINE');
    await bucket.addLifecycleRule({ action: { type: 'Delete' }, condition: { age: 365 } });
    assert.equal((await bucket.getMetadata())[0].lifecycle?.rule?.length, 2);
    await bucket.setMetadata({
      lifecycle: null,
      cors: [],
      versioning: { enabled: true },
      autoclass: { enabled: true },
    });
    const [changed] = await bucket.getMetadata();
    assert.deepEqual([changed.lifecycle, changed.cors, changed.versioning?.enabled], [undefined, undefined, true]);
    assert.equal(changed.autoclass?.enabled, true);
  },

  acls: async (scene: Scene) => {
    const { bucket } = scene;
    await bucket.create();
    await scene.put('shared');
    for (const acl of [bucket.acl, bucket.acl.default, bucket.file('shared').acl]) {
      const [added] = await acl.add({ entity: READER, role: 'READER' });
      assert.equal('role' in added && added.role, 'READER');
      await acl.update({ entity: READER, role: 'OWNER' });
      const [found] = await acl.get({ entity: READER });
      assert.equal('role' in found && found.role, 'OWNER');
      await acl.delete({ entity: READER });
      await assert.rejects(acl.get({ entity: READER }), { code: 404 });
    }
    await bucket.file('public').save('x', { resumable: false, predefinedAcl: 'publicRead' });
    const [everyone] = await bucket.file('public').acl.get({ entity: 'allUsers' });
    assert.equal('role' in everyone && everyone.role, 'READER');
    await bucket.file('public').makePrivate();
    await assert.rejects(bucket.file('public').acl.get({ entity: 'allUsers' }), { code: 404 });
    await bucket.setMetadata({ iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } });
    await assert.rejects(bucket.file('shared').acl.get(), { code: 400 });
  },

  iam: async ({ bucket }: Scene) => {
    await bucket.create();
    const [policy] = await bucket.iam.getPolicy();
    const binding = { role: 'roles/storage.objectViewer', members: ['user:reader@example.com'] };
    const changed = { ...policy, bindings: [...(policy.bindings ?? []), binding] };
    await bucket.iam.setPolicy(changed);
    const [found] = await bucket.iam.getPolicy();
    assert.deepEqual(
      found.bindings?.find(({ role }) => role === binding.role),
      binding,
    );
    // The policy that was read first is stale by now.
    await assert.rejects(bucket.iam.setPolicy(changed), { code: 412 });
    const [allowed] = await bucket.iam.testPermissions(['storage.objects.get', 'storage.buckets.delete']);
    assert.deepEqual(allowed, { 'storage.objects.get': true, 'storage.buckets.delete': true });
  },

  hmac: async ({ storage, bucket }: Scene) => {
    const email = `${bucket.name}@test.iam.example.com`;
    const [key, secret] = await storage.createHmacKey(email);
    const { accessId = '', state } = key.metadata ?? {};
    assert.deepEqual([secret.length, state], [40, 'ACTIVE']);
    const [listed] = await storage.getHmacKeys({ serviceAccountEmail: email });
    assert.deepEqual(
      listed.map(({ metadata }) => metadata?.accessId),
      [accessId],
    );
    await assert.rejects(storage.hmacKey(accessId).delete(), { code: 400 });
    await key.setMetadata({ state: 'INACTIVE' });
    await key.delete();
    assert.equal((await storage.hmacKey(accessId).getMetadata())[0].state, 'DELETED');
    assert.ok((await storage.getServiceAccount())[0].emailAddress);
  },

  notifications: async ({ bucket }: Scene) => {
    await bucket.create();
    const [made] = await bucket.createNotification('projects/test/topics/topic', {
      payloadFormat: 'JSON_API_V1',
      eventTypes: ['OBJECT_FINALIZE'],
      objectNamePrefix: 'in/',
      customAttributes: { from: 'node' },
    });
    const [listed] = await bucket.getNotifications();
    assert.deepEqual(
      listed.map(({ id }) => id),
      [made.id],
    );
    const [found] = await bucket.notification(made.id ?? '').getMetadata();
    assert.match(found.topic ?? '', /projects\/test\/topics\/topic$/);
    assert.deepEqual([found.event_types, found.custom_attributes], [['OBJECT_FINALIZE'], { from: 'node' }]);
    await made.delete();
    assert.deepEqual(await bucket.notification(made.id ?? '').exists(), [false]);
  },

  folders: async (scene: Scene) => {
    const { bucket } = scene;
    await bucket.create({
      hierarchicalNamespace: { enabled: true },
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    });
    assert.equal((await bucket.getMetadata())[0].hierarchicalNamespace?.enabled, true);
    await scene.put('a/b/object');
    await scene.put('top');
    const top = { delimiter: '/', includeFoldersAsPrefixes: true };
    assert.deepEqual(await scene.list(top), ['top', 'a/']);
    await bucket.file('a/b/object').moveFileAtomic('c/object');
    // Folders stay when the last object leaves them.
    assert.deepEqual(await scene.list(top), ['top', 'a/', 'c/']);
    assert.deepEqual(await scene.list(), ['c/object', 'top']);
  },
};
