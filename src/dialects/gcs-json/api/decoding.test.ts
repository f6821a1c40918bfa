/** What the discovery document says of requests is what the decoders do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStraitError } from '../../../model/errors.ts';
import { parseTarget } from '../../shared/target.ts';
import { checkResource, parseResource } from './body.ts';
import type { MethodId } from './document.ts';
import { FORMER_METHODS } from './former-methods.ts';
import { METHODS } from './methods.ts';
import { decodeParameters } from './parameters.ts';
import { inputFields, type ObjectSchema } from './schema.ts';

const parameters = (id: MethodId, query: string, path = {}) =>
  Object.fromEntries(decodeParameters(METHODS[id], parseTarget(`/x?${query}`), path));

function bodyOf(id: MethodId): ObjectSchema {
  const { body } = METHODS[id];
  assert.ok(body !== undefined, `${id} takes no resource`);
  return body;
}

const check = (id: MethodId, resource: Readonly<Record<string, unknown>>) =>
  checkResource(resource, bodyOf(id), METHODS[id].documentId);

function refuses(run: () => unknown, field: string, reason: string): void {
  assert.throws(run, (error) => {
    assert.ok(isStraitError(error, 'invalidArgument'), String(error));
    assert.deepEqual([error.details.field, error.details.reason], [field, reason], error.message);
    return true;
  });
}

test('the document has 87 methods', () => {
  assert.equal(Object.keys(METHODS).length - Object.keys(FORMER_METHODS).length, 87);
  assert.equal(
    METHODS['objects.copy'].pattern,
    '/b/:sourceBucket/o/:sourceObject/copyTo/b/:destinationBucket/o/:destinationObject',
  );
  assert.deepEqual(METHODS['objects.insert'].uploadPaths, [
    '/resumable/upload/storage/v1/b/:bucket/o',
    '/upload/storage/v1/b/:bucket/o',
  ]);
});

test('parameters have the types of the document, and unknown ones are ignored', () => {
  const query = 'maxResults=5&versions=TRUE&prefix=a%20b&projection=full&delimiter=&nobody=1&prettyPrint=false';
  assert.deepEqual(parameters('objects.list', query, { bucket: 'b' }), {
    bucket: 'b',
    maxResults: 5,
    versions: true,
    prefix: 'a b',
    projection: 'full',
    prettyPrint: false,
  });
  const object = { bucket: 'b', object: 'o' };
  assert.equal(parameters('objects.get', 'generation=9007199254740993', object)['generation'], 9007199254740993n);
  assert.equal(parameters('objects.delete', 'ifMetaGenerationMatch=2', object)['ifMetagenerationMatch'], 2n);
  const listed = parameters('buckets.testIamPermissions', 'permissions=a&permissions=&permissions=b', { bucket: 'b' });
  assert.deepEqual(listed['permissions'], ['a', 'b']);
});

test('malformed and missing parameters are named', () => {
  const path = { bucket: 'b', object: 'o' };
  const list = (query: string) => () => parameters('objects.list', query, path);
  refuses(list('maxResults=-1'), 'maxResults', 'invalidParameter');
  refuses(list('maxResults='), 'maxResults', 'invalidParameter');
  refuses(list('maxResults=4294967296'), 'maxResults', 'invalidParameter');
  refuses(list('versions=yes'), 'versions', 'invalidParameter');
  refuses(list('projection=half'), 'projection', 'invalidParameter');
  refuses(list('alt=xml'), 'alt', 'invalidParameter');
  refuses(() => parameters('objects.get', 'generation=9223372036854775808', path), 'generation', 'invalidParameter');
  refuses(() => parameters('buckets.list', ''), 'project', 'required');
  refuses(() => parameters('buckets.testIamPermissions', 'permissions=', path), 'permissions', 'required');
});

test('bodies keep what a client may set, in its type', () => {
  assert.deepEqual(
    check('buckets.patch', {
      id: 'mine',
      nobody: 1,
      versioning: { enabled: 'true', since: 'ever' },
      retentionPolicy: { retentionPeriod: 60, isLocked: true },
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: '30', createdBefore: '2024-02-29' } }] },
      labels: { a: 1, b: null },
      website: null,
    }),
    {
      versioning: { enabled: true },
      retentionPolicy: { retentionPeriod: '60' },
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30, createdBefore: '2024-02-29' } }] },
      labels: { a: '1', b: null },
      website: null,
    },
  );
});

test('fields of a wrong type are named by their path', () => {
  const cases: readonly (readonly [MethodId, Record<string, unknown>, string])[] = [
    ['objects.patch', { contentType: 5 }, 'contentType'],
    ['objects.patch', { contentType: '\ud800' }, 'contentType'],
    ['objects.patch', { temporaryHold: 1 }, 'temporaryHold'],
    ['objects.patch', { customTime: '2024-01-01' }, 'customTime'],
    ['objects.patch', { metadata: { a: {} } }, 'metadata.a'],
    ['objects.patch', { metadata: JSON.parse('{"__proto__":"x"}') }, 'metadata'],
    ['objects.patch', { acl: {} }, 'acl'],
    ['objects.patch', { acl: [null] }, 'acl[0]'],
    [
      'buckets.patch',
      { lifecycle: { rule: [{ condition: { createdBefore: 'soon' } }] } },
      'lifecycle.rule[0].condition.createdBefore',
    ],
    ['buckets.patch', { cors: [{ maxAgeSeconds: 1.5 }] }, 'cors[0].maxAgeSeconds'],
    ['buckets.patch', { retentionPolicy: { retentionPeriod: '1e3' } }, 'retentionPolicy.retentionPeriod'],
    [
      'buckets.patch',
      { encryption: { googleManagedEncryptionEnforcementConfig: { restrictionMode: 'Some' } } },
      'encryption.googleManagedEncryptionEnforcementConfig.restrictionMode',
    ],
    ['buckets.setIamPolicy', { bindings: [{ role: 'r', members: ['m'] }], etag: 'not base64!' }, 'etag'],
    ['anywhereCaches.insert', { ttl: '1 day' }, 'ttl'],
  ];
  for (const [id, resource, field] of cases) refuses(() => check(id, resource), field, 'invalid');
});

test('required fields are wanted by the methods that require them only', () => {
  refuses(() => check('buckets.insert', {}), 'name', 'required');
  refuses(() => check('buckets.insert', { name: '' }), 'name', 'required');
  refuses(
    () => check('objects.compose', { sourceObjects: [{ generation: '1' }] }),
    'sourceObjects[0].name',
    'required',
  );
  refuses(() => check('bucketAccessControls.insert', { role: 'READER' }), 'entity', 'required');
  assert.deepEqual(check('bucketAccessControls.patch', { role: 'READER' }), { role: 'READER' });
  assert.deepEqual(check('buckets.update', {}), {}, 'clients update buckets without their access lists');
});

test('a body is one JSON object of bounded depth', () => {
  const nested = (depth: number) => Buffer.from(`${'{"a":'.repeat(depth)}{}${'}'.repeat(depth)}`);
  assert.deepEqual(parseResource(Buffer.from('null')), {});
  assert.ok(parseResource(nested(90)));
  for (const body of [nested(101), nested(100_000), Buffer.from('[]'), Buffer.from('{')]) {
    assert.throws(
      () => parseResource(body),
      (error) => isStraitError(error, 'invalidArgument'),
    );
  }
});

test('fields that only the server tells are not counted as input', () => {
  const fields = inputFields(bodyOf('objects.compose'));
  assert.ok(fields.includes('sourceObjects.objectPreconditions.ifGenerationMatch'));
  assert.ok(fields.includes('destination.acl.role'));
  assert.ok(fields.includes('destination.metadata'));
  assert.ok(!fields.includes('destination.size'));
});
