import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceFixture } from '../../test/support/namespace-fixture.ts';
import { ALL_PROJECTS } from './bucket-pages.ts';

test('a project sees its own buckets, every project sees those of another owner, - stands for all', async () => {
  const fixture = namespaceFixture();
  const place = { location: 'US', storageClass: 'STANDARD', settings: {} };
  await fixture.namespace.insertBucket({ name: 'mine', project: 'p', ...place });
  await fixture.namespace.insertBucket({ name: 'theirs', project: 'q', ...place });
  const names = async (site: string, project: string) => {
    const { metadata } = fixture.deps;
    const { namespace } = namespaceFixture({ metadata, settings: { site } });
    return (await namespace.listBuckets({ project, maxResults: 10 })).buckets.map(({ name }) => name);
  };
  assert.deepEqual(await names('here', 'p'), ['mine']);
  assert.deepEqual(await names('here', ALL_PROJECTS), ['mine', 'theirs']);
  assert.deepEqual(await names('elsewhere', 'p'), ['mine', 'theirs']);
});
