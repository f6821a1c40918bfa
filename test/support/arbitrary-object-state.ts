/** Generators of stored values, for property tests. */
import fc from 'fast-check';
import type { ObjectEncryption } from '../../src/model/encryption.ts';
import { blobId, generation } from '../../src/model/ids.ts';
import type { Content, ObjectAttributes, ObjectState, Segment } from '../../src/model/object.ts';

export const arbitraryBlobId = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => blobId(Buffer.from(bytes).toString('hex')));

/** Any well-formed text, names of an object's own parts among it. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', ''));
const timeMs = fc.nat(2 ** 41);
const sizeMax = 5 * 2 ** 40;

export const arbitrarySegment: fc.Arbitrary<Segment> = fc.record(
  {
    blobId: arbitraryBlobId,
    offset: fc.nat(sizeMax),
    length: fc.nat(sizeMax),
    inline: fc.constant(true as const),
  },
  { requiredKeys: ['blobId', 'offset', 'length'], noNullPrototype: true },
);

const keyed = (segment: fc.Arbitrary<Segment>): fc.Arbitrary<Segment> =>
  fc
    .tuple(segment, fc.uint8Array({ minLength: 60, maxLength: 60 }))
    .map(([plain, wrappedKey]) => ({ ...plain, wrappedKey }));

const arbitraryEncryption: fc.Arbitrary<ObjectEncryption> = fc.oneof(
  fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((hash) => ({ kind: 'customer' as const, keySha256: Buffer.from(hash).toString('base64') })),
  text.map((keyName) => ({ kind: 'kms' as const, keyName })),
);

const arbitraryContent: fc.Arbitrary<Content> = fc.oneof(
  fc.constant({ kind: 'remote' as const }),
  fc
    .array(fc.oneof(arbitrarySegment, keyed(arbitrarySegment)), { maxLength: 4 })
    .map((segments) => ({ kind: 'local' as const, segments })),
  fc.record(
    { kind: fc.constant('paged' as const), pageId: arbitraryBlobId, segmentCount: fc.nat(1024) },
    { noNullPrototype: true },
  ),
);

const attributes = {
  contentType: text,
  contentEncoding: text,
  contentDisposition: text,
  contentLanguage: text,
  cacheControl: text,
  storageClass: text,
  metadata: fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  customTimeMs: timeMs,
  temporaryHold: fc.boolean(),
  eventBasedHold: fc.boolean(),
  opaque: fc
    .array(fc.tuple(text, fc.jsonValue({ noUnicodeString: false })), { maxLength: 3 })
    .map((pairs) => JSON.parse(JSON.stringify(Object.fromEntries(pairs))) as Record<string, unknown>),
};

export const arbitraryAttributes: fc.Arbitrary<ObjectAttributes> = fc.record(attributes, {
  requiredKeys: [],
  noNullPrototype: true,
});

const required = {
  generation: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(generation),
  metageneration: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  size: fc.nat(sizeMax),
  crc32c: fc.nat(2 ** 32 - 1),
  timeCreatedMs: timeMs,
  updatedMs: timeMs,
  timeStorageClassUpdatedMs: timeMs,
  content: arbitraryContent,
};

export const arbitraryState: fc.Arbitrary<ObjectState> = fc.record(
  {
    ...required,
    ...attributes,
    md5: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    etag: text,
    timeFinalizedMs: timeMs,
    componentCount: fc.nat(2 ** 31 - 1),
    encryption: arbitraryEncryption,
  },
  { requiredKeys: Object.keys(required) as (keyof typeof required)[], noNullPrototype: true },
);
