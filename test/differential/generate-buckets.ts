import fc from 'fast-check';
import { objectPath, paramTraits, projection, sometimes } from './arbitrary-parts.ts';
import type { Step } from './step.ts';

const JSON_API = '/storage/v1/b';

/** Settings of a bucket that any implementation may keep. Who pays is left out: it would be asked of every request. */
const settings = fc.record(
  {
    versioning: fc.record({ enabled: fc.boolean() }),
    labels: fc.constantFrom({ team: 'one' }, { team: 'two', stage: 'test' }),
    storageClass: fc.constantFrom('STANDARD', 'NEARLINE', 'COLDLINE'),
    location: fc.constantFrom('US', 'eu', 'europe-west1'),
    defaultEventBasedHold: fc.boolean(),
    website: fc.constant({ mainPageSuffix: 'index.html', notFoundPage: '404.html' }),
    cors: fc.constant([{ origin: ['https://example.com'], method: ['GET'], maxAgeSeconds: 60 }]),
    lifecycle: fc.constant({ rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] }),
    iamConfiguration: fc.record({ uniformBucketLevelAccess: fc.record({ enabled: fc.boolean() }) }),
    logging: fc.constant({ logBucket: 'logs', logObjectPrefix: 'log' }),
    rpo: fc.constant('DEFAULT'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** Few settings each, so that most sequences meet plain buckets. */
const fewSettings = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.constant({ versioning: { enabled: true } }) },
  { weight: 2, arbitrary: settings },
);

function settingTraits(resource: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(resource).map((name) => `field ${name}`);
}

function insert(
  index: string,
  resource: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, string>>,
): Step {
  return {
    method: 'buckets.insert',
    traits: [...settingTraits(resource), ...paramTraits(query)],
    verb: 'POST',
    path: JSON_API,
    query: { project: 'p', ...query },
    body: { name: `<bucket ${index}>`, ...resource },
  };
}

/** What every sequence begins with. */
export const makeBuckets: fc.Arbitrary<readonly Step[]> = fc
  .tuple(fewSettings, projection)
  .map(([resource, query]) => [insert('0', resource, query), insert('1', {}, {})]);

const index = fc.constantFrom('0', '0', '1', '2');
const metageneration = sometimes(8, {
  ifMetagenerationMatch: fc.constantFrom('1', '2'),
  ifMetagenerationNotMatch: fc.constantFrom('1', '2'),
});
const query = fc.tuple(projection, metageneration).map(([one, other]) => ({ ...one, ...other }));

const getBucket = fc.tuple(index, query).map(
  ([bucket, params]): Step => ({
    method: 'buckets.get',
    traits: paramTraits(params),
    verb: 'GET',
    path: `${JSON_API}/<bucket ${bucket}>`,
    query: params,
  }),
);

const insertBucket = fc
  .tuple(index, settings, projection)
  .map(([bucket, resource, params]) => insert(bucket, resource, params));

const listBuckets = fc.tuple(projection, fc.constantFrom('<bucket 0>', '<bucket 1>', '<bucket>-none')).map(
  ([params, prefix]): Step => ({
    method: 'buckets.list',
    traits: paramTraits(params),
    verb: 'GET',
    path: JSON_API,
    query: { project: 'p', prefix, ...params },
  }),
);

/** With nulls, which take a setting back. */
const patch = fc.oneof(
  { weight: 4, arbitrary: settings },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ labels: { team: null } }, { labels: null }, { website: null }, { cors: null }),
  },
);

const patchBucket = fc.tuple(index, patch, query).map(([bucket, resource, params]): Step => {
  const { location, ...rest } = resource as Readonly<Record<string, unknown>>;
  return {
    method: 'buckets.patch',
    traits: [
      ...settingTraits(rest),
      ...paramTraits(params),
      ...(JSON.stringify(rest).includes('null') ? ['null'] : []),
    ],
    verb: 'PATCH',
    path: `${JSON_API}/<bucket ${bucket}>`,
    query: params,
    body: rest,
  };
});

const updateBucket = fc.tuple(index, settings, query).map(([bucket, resource, params]): Step => {
  const { location, ...rest } = resource;
  return {
    method: 'buckets.update',
    traits: [...settingTraits(rest), ...paramTraits(params)],
    verb: 'PUT',
    path: `${JSON_API}/<bucket ${bucket}>`,
    query: params,
    body: rest,
  };
});

const deleteBucket = fc.tuple(index, metageneration).map(
  ([bucket, params]): Step => ({
    method: 'buckets.delete',
    traits: paramTraits(params),
    verb: 'DELETE',
    path: `${JSON_API}/<bucket ${bucket}>`,
    query: params,
  }),
);

/** Of its objects the live ones alone. */
const emptied: readonly Step[] = [
  ...['a', 'a/b'].map(
    (name): Step => ({
      method: 'objects.delete',
      traits: [],
      verb: 'DELETE',
      path: objectPath('0', name),
    }),
  ),
  { method: 'buckets.delete', traits: ['emptied'], verb: 'DELETE', path: `${JSON_API}/<bucket 0>` },
];

const storageLayout = index.map(
  (bucket): Step => ({
    method: 'buckets.getStorageLayout',
    traits: [],
    verb: 'GET',
    path: `${JSON_API}/<bucket ${bucket}>/storageLayout`,
  }),
);

const NOTIFICATION = {
  topic: '//pubsub.googleapis.com/projects/project-one/topics/told',
  payload_format: 'JSON_API_V1',
};

const notifications = fc
  .tuple(
    index,
    fc.record(
      {
        event_types: fc.constantFrom(['OBJECT_FINALIZE'], ['OBJECT_DELETE', 'OBJECT_ARCHIVE']),
        object_name_prefix: fc.constantFrom('a/', ''),
        custom_attributes: fc.constant({ from: 'test' }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    fc.constantFrom('<notification>', '<notification>', '9999999'),
  )
  .map(([bucket, fields, id]): readonly Step[] => {
    const path = `${JSON_API}/<bucket ${bucket}>/notificationConfigs`;
    const traits = settingTraits(fields);
    return [
      { method: 'notifications.insert', traits, verb: 'POST', path, body: { ...NOTIFICATION, ...fields } },
      { method: 'notifications.list', traits: [], verb: 'GET', path },
      { method: 'notifications.get', traits: [`id ${id}`], verb: 'GET', path: `${path}/${id}` },
      { method: 'notifications.delete', traits: [`id ${id}`], verb: 'DELETE', path: `${path}/${id}` },
      { method: 'notifications.get', traits: [`id ${id}`], verb: 'GET', path: `${path}/${id}` },
    ];
  });

const BINDINGS = [
  { role: 'roles/storage.objectViewer', members: ['allUsers'] },
  { role: 'roles/storage.admin', members: ['user:a@example.com', 'serviceAccount:s@p.iam.gserviceaccount.com'] },
];

/** On a bucket of their own: a policy is an access list too, which the peers do not know. */
const policies = fc.constantFrom('3', '4').map((bucket): readonly Step[] => {
  const path = `${JSON_API}/<bucket ${bucket}>/iam`;
  return [
    insert(bucket, {}, {}),
    { method: 'buckets.getIamPolicy', traits: [], verb: 'GET', path },
    { method: 'buckets.setIamPolicy', traits: [], verb: 'PUT', path, body: { bindings: BINDINGS } },
    { method: 'buckets.getIamPolicy', traits: [], verb: 'GET', path },
    {
      method: 'buckets.testIamPermissions',
      traits: [],
      verb: 'GET',
      path: `${path}/testPermissions?permissions=storage.objects.get&permissions=storage.buckets.get`,
    },
  ];
});

const keys = fc.constantFrom('INACTIVE', 'ACTIVE').map((state): readonly Step[] => {
  const path = '/storage/v1/projects/p/hmacKeys';
  const key = `${path}/<accessId>`;
  return [
    {
      method: 'hmacKeys.create',
      traits: [],
      verb: 'POST',
      path,
      query: { serviceAccountEmail: '<bucket 0>@p.iam.gserviceaccount.com' },
    },
    { method: 'hmacKeys.get', traits: [], verb: 'GET', path: key },
    { method: 'hmacKeys.update', traits: [`state ${state}`], verb: 'PUT', path: key, body: { state } },
    { method: 'hmacKeys.delete', traits: [`state ${state}`], verb: 'DELETE', path: key },
    { method: 'hmacKeys.get', traits: [`state ${state}`, 'deleted'], verb: 'GET', path: key },
  ];
});

const retention = fc
  .tuple(fc.constantFrom('3600', '7200'), fc.constantFrom('1', '2', '3'))
  .map(([retentionPeriod, ifMetagenerationMatch]): readonly Step[] => [
    {
      method: 'buckets.patch',
      traits: ['field retentionPolicy'],
      verb: 'PATCH',
      path: `${JSON_API}/<bucket 1>`,
      body: { retentionPolicy: { retentionPeriod } },
    },
    {
      method: 'buckets.lockRetentionPolicy',
      traits: [],
      verb: 'POST',
      path: `${JSON_API}/<bucket 1>/lockRetentionPolicy`,
      query: { ifMetagenerationMatch },
    },
  ]);

const one = (step: fc.Arbitrary<Step>) => step.map((single) => [single]);

export const bucketSteps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  one(getBucket),
  one(insertBucket),
  one(listBuckets),
  { weight: 2, arbitrary: one(patchBucket) },
  one(updateBucket),
  one(deleteBucket),
  one(storageLayout),
  fc.constant(emptied),
  notifications,
  policies,
  keys,
  retention,
);
