import fc from 'fast-check';
import {
  bucketIndex,
  NAMES,
  objectName,
  objectPath,
  type Params,
  paramTraits,
  preconditions,
  projection,
  someGeneration,
  sometimes,
} from './arbitrary-parts.ts';
import { fewFields, fieldTraits, insertMedia, storedSteps } from './generate-uploads.ts';
import type { Step } from './step.ts';

interface Subject {
  readonly bucket: string;
  readonly name: string;
  /** `generation`, preconditions and the projection. */
  readonly query: Params;
}

interface Place {
  readonly bucket: string;
  readonly name: string;
}

const anyPlace: fc.Arbitrary<Place> = fc.record({ bucket: bucketIndex, name: objectName }, { noNullPrototype: true });

function subjectAt({ bucket, name }: Place): fc.Arbitrary<Subject> {
  return fc
    .tuple(someGeneration(bucket, name), preconditions(bucket, name), projection)
    .map(([generation, conditions, acls]) => ({ bucket, name, query: { ...generation, ...conditions, ...acls } }));
}

const getMetadata = (subject: fc.Arbitrary<Subject>) =>
  subject.map(
    ({ bucket, name, query }): Step => ({
      method: 'objects.get',
      traits: paramTraits(query),
      verb: 'GET',
      path: objectPath(bucket, name),
      query,
    }),
  );

const RANGES = [
  'bytes=0-0',
  'bytes=2-',
  'bytes=-3',
  'bytes=1-3',
  'bytes=0-999',
  'bytes=900-',
  'bytes=3-1',
  'bytes=-999',
  'bytes=0-1,3-4',
];

const getMedia = (subject: fc.Arbitrary<Subject>) =>
  fc
    .tuple(
      subject,
      fc.option(fc.constantFrom(...RANGES)),
      fc.constantFrom('/storage/v1', '/storage/v1', '/download/storage/v1'),
    )
    .map(
      ([{ bucket, name, query }, range, root]): Step => ({
        method: 'objects.get',
        traits: ['media', ...paramTraits(query), ...(range === null ? [] : ['range', `range ${range}`])],
        verb: 'GET',
        path: objectPath(bucket, name).replace('/storage/v1', root),
        query: { alt: 'media', ...query },
        ...(range === null ? {} : { headers: { Range: range } }),
      }),
    );

const listParams = sometimes(4, {
  prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'dir', 'none'),
  delimiter: fc.constantFrom('/', '/', '/b'),
  startOffset: fc.constantFrom('a/b', 'b', ''),
  endOffset: fc.constantFrom('a/c', 'b', 'ü', ''),
  includeTrailingDelimiter: fc.constantFrom('true', 'false'),
  versions: fc.constantFrom('true', 'false'),
  projection: fc.constantFrom('full', 'noAcl'),
  matchGlob: fc.constantFrom('*', '**', 'a/*', '**/b', '{a,b}', 'a?b', '[ab]'),
  includeFoldersAsPrefixes: fc.constant('true'),
});

const listObjects = fc
  .tuple(bucketIndex, listParams, fc.constantFrom('', '', '1', '2', '1000', '5000'))
  .map(([bucket, params, maxResults]): readonly Step[] => {
    const query: Params = { ...params, ...(maxResults === '' ? {} : { maxResults }) };
    const first: Step = {
      method: 'objects.list',
      traits: paramTraits(query),
      verb: 'GET',
      path: `/storage/v1/b/<bucket ${bucket}>/o`,
      query,
    };
    if (maxResults !== '1' && maxResults !== '2') return [first];
    return [
      first,
      { ...first, traits: [...first.traits, 'later page'], query: { ...query, pageToken: '<nextPageToken>' } },
    ];
  });

/** Fills a bucket, so that there is something to list, and lists it. */
const fillAndList = fc
  .tuple(fc.subarray(NAMES, { minLength: 2 }), listObjects)
  .map(([names, list]): readonly Step[] => [...names.map((name) => plainInsert(name)), ...list]);

function plainInsert(name: string): Step {
  return {
    method: 'objects.insert',
    traits: ['upload media'],
    verb: 'POST',
    path: '/upload/storage/v1/b/<bucket 0>/o',
    query: { uploadType: 'media', name },
    headers: { 'Content-Type': 'text/plain' },
    body: `content of ${encodeURIComponent(name)}`,
  };
}

const removals = fc.constantFrom<Readonly<Record<string, unknown>>>(
  { metadata: null },
  { metadata: { key: null } },
  { contentType: null },
  { cacheControl: null, contentLanguage: null },
);

const patchObject = (subject: fc.Arbitrary<Subject>) =>
  fc
    .tuple(subject, fc.oneof({ weight: 3, arbitrary: fewFields }, { weight: 1, arbitrary: removals }))
    .map(([{ bucket, name, query }, resource]): Step => {
      const { storageClass, contentEncoding, ...body } = resource as Readonly<Record<string, unknown>>;
      return {
        method: 'objects.patch',
        traits: [
          ...fieldTraits(body),
          ...paramTraits(query),
          ...(JSON.stringify(body).includes('null') ? ['null'] : []),
        ],
        verb: 'PATCH',
        path: objectPath(bucket, name),
        query,
        body,
      };
    });

const updateObject = (subject: fc.Arbitrary<Subject>) =>
  fc.tuple(subject, fewFields).map(
    ([{ bucket, name, query }, { storageClass, ...body }]): Step => ({
      method: 'objects.update',
      traits: [...fieldTraits(body), ...paramTraits(query)],
      verb: 'PUT',
      path: objectPath(bucket, name),
      query,
      body,
    }),
  );

const deleteObject = (subject: fc.Arbitrary<Subject>) =>
  subject.map(
    ({ bucket, name, query: { projection: _, ...query } }): Step => ({
      method: 'objects.delete',
      traits: paramTraits(query),
      verb: 'DELETE',
      path: objectPath(bucket, name),
      query,
    }),
  );

const restoreObject = fc.tuple(bucketIndex, objectName).map(
  ([bucket, name]): Step => ({
    method: 'objects.restore',
    traits: [],
    verb: 'POST',
    path: `${objectPath(bucket, name)}/restore`,
    query: { generation: `<generation ${bucket} ${encodeURIComponent(name)}>` },
    body: {},
  }),
);

interface Way {
  readonly from: Place;
  readonly to: Place;
  readonly query: Params;
}

const wayFrom = (place: fc.Arbitrary<Place>): fc.Arbitrary<Way> =>
  fc
    .tuple(place, anyPlace)
    .chain(([from, to]) =>
      fc
        .tuple(
          preconditions(to.bucket, to.name),
          preconditions(from.bucket, from.name, 'ifSource'),
          someGeneration(from.bucket, from.name, 'sourceGeneration'),
          projection,
        )
        .map((parts) => ({ from, to, query: Object.assign({}, ...parts) })),
    );

const copyOrRewrite = (way: fc.Arbitrary<Way>) =>
  fc.tuple(way, fc.constantFrom('copy', 'rewrite'), fc.option(fewFields)).map(
    ([{ from, to, query }, verb, resource]): Step => ({
      method: `objects.${verb}`,
      traits: [...paramTraits(query), ...(resource === null ? ['no body'] : ['body', ...fieldTraits(resource)])],
      verb: 'POST',
      path: `${objectPath(from.bucket, from.name)}/${verb}To/b/<bucket ${to.bucket}>/o/${encodeURIComponent(to.name)}`,
      query,
      ...(resource === null ? {} : { body: resource }),
    }),
  );

const moveObject = (way: fc.Arbitrary<Way>) =>
  way.map(({ from, to, query }): Step => {
    const { projection: _, sourceGeneration: __, ...rest } = query;
    return {
      method: 'objects.move',
      traits: [...paramTraits(rest), ...(from.name === to.name ? ['onto itself'] : [])],
      verb: 'POST',
      path: `${objectPath(from.bucket, from.name)}/moveTo/o/${encodeURIComponent(to.name)}`,
      query: rest,
    };
  });

const sourceObject = objectName.chain((name) => {
  const generation = fc.constantFrom(undefined, undefined, `<generation 0 ${encodeURIComponent(name)}>`, '12345');
  return fc.tuple(generation, generation).map(([pinned, expected]) => ({
    name,
    ...(pinned === undefined ? {} : { generation: pinned }),
    ...(expected === undefined ? {} : { objectPreconditions: { ifGenerationMatch: expected } }),
  }));
});

const composeObject = fc
  .tuple(objectName, fc.array(sourceObject, { minLength: 1, maxLength: 3 }), fewFields)
  .chain(([name, sourceObjects, destination]) =>
    preconditions('0', name).map((conditions): Step => {
      const { ifGenerationNotMatch, ifMetagenerationNotMatch, ...query } = conditions;
      return {
        method: 'objects.compose',
        traits: [...paramTraits(query), ...fieldTraits(destination)],
        verb: 'POST',
        path: `${objectPath('0', name)}/compose`,
        query,
        body: { sourceObjects, destination },
      };
    }),
  );

/** Of one version, which may be a noncurrent one. */
function composeVersion({ bucket, name }: Place): Step {
  return {
    method: 'objects.compose',
    traits: ['of a version'],
    verb: 'POST',
    path: `${objectPath(bucket, 'composed')}/compose`,
    body: { sourceObjects: [{ name, generation: `<generation ${bucket} ${encodeURIComponent(name)}>` }] },
  };
}

const one = (step: fc.Arbitrary<Step>) => step.map((single) => [single]);

/** What can be done to an object, by how often it is. */
function actionsOn(place: fc.Arbitrary<Place>): fc.Arbitrary<Step> {
  const subject = place.chain(subjectAt);
  const way = wayFrom(place);
  return fc.oneof(
    { weight: 2, arbitrary: getMetadata(subject) },
    { weight: 4, arbitrary: getMedia(subject) },
    { weight: 2, arbitrary: patchObject(subject) },
    { weight: 1, arbitrary: updateObject(subject) },
    { weight: 2, arbitrary: deleteObject(subject) },
    { weight: 3, arbitrary: copyOrRewrite(way) },
    { weight: 1, arbitrary: moveObject(way) },
    { weight: 1, arbitrary: place.map(composeVersion) },
  );
}

/** An object that is made and then lives: what is done to any object finds few that are there. */
const lifeOfObject = fc
  .tuple(storedSteps, fc.integer({ min: 1, max: 4 }))
  .chain(([stored, count]) =>
    fc
      .array(actionsOn(fc.constant(stored.place)), { minLength: count, maxLength: count })
      .map((actions): readonly Step[] => [...stored.steps, ...actions]),
  );

/** As clients rename a file that must not replace another. */
const renamed = storedSteps.map(({ place: { bucket, name }, steps }): readonly Step[] => [
  ...steps,
  {
    method: 'objects.move',
    traits: ['query ifGenerationMatch'],
    verb: 'POST',
    path: `${objectPath(bucket, name)}/moveTo/o/renamed`,
    query: { ifGenerationMatch: '0' },
  },
]);

export const objectSteps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 6, arbitrary: lifeOfObject },
  { weight: 3, arbitrary: one(actionsOn(anyPlace)) },
  { weight: 2, arbitrary: one(insertMedia) },
  { weight: 2, arbitrary: listObjects },
  { weight: 1, arbitrary: fillAndList },
  { weight: 1, arbitrary: renamed },
  { weight: 1, arbitrary: one(restoreObject) },
  { weight: 3, arbitrary: one(composeObject) },
);
