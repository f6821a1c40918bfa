import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import {
  bucketIndex,
  objectName,
  type Params,
  paramTraits,
  preconditions,
  projection,
  sometimes,
} from './arbitrary-parts.ts';
import type { Step } from './step.ts';

const CHUNK = 256 * 1024;

export const content = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'x', 'hello world', '{"a":1}') },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('\u0000', '\n', 'z', 'ÿ'), maxLength: 20 }) },
);

export function md5(text: string): string {
  return createHash('md5').update(text, 'latin1').digest('base64');
}

export function crc32cOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c(Buffer.from(text, 'latin1')));
  return bytes.toString('base64');
}

export const fields = fc.record(
  {
    contentType: fc.constantFrom('text/plain', 'application/json', 'image/png; q=1'),
    metadata: fc.constantFrom({ key: 'value' }, { key: 'other', Second: 'Two' }, {}),
    cacheControl: fc.constantFrom('no-cache', 'public, max-age=60'),
    contentDisposition: fc.constant('attachment; filename="f"'),
    contentLanguage: fc.constant('de'),
    contentEncoding: fc.constantFrom('identity', 'br'),
    storageClass: fc.constantFrom('STANDARD', 'NEARLINE', 'ARCHIVE'),
    customTime: fc.constant('2026-01-02T03:04:05Z'),
    temporaryHold: fc.boolean(),
    eventBasedHold: fc.boolean(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** Few fields at once, or none. */
export const fewFields = fields.chain((all) => {
  const entries = Object.entries(all);
  return fc.subarray(entries, { maxLength: Math.min(3, entries.length) }).map((some) => Object.fromEntries(some));
});

export function fieldTraits(resource: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(resource).map((name) => `field ${name}`);
}

const predefined = sometimes(12, {
  predefinedAcl: fc.constantFrom('publicRead', 'private', 'projectPrivate', 'bucketOwnerRead', 'authenticatedRead'),
});

interface Target {
  readonly bucket: string;
  readonly name: string;
  readonly query: Params;
}

const target: fc.Arbitrary<Target> = fc
  .tuple(bucketIndex, objectName)
  .chain(([bucket, name]) =>
    fc
      .tuple(preconditions(bucket, name), projection, predefined)
      .map(([conditions, acls, list]) => ({ bucket, name, query: { ...conditions, ...acls, ...list } })),
  );

function insertPath(bucket: string): string {
  return `/upload/storage/v1/b/<bucket ${bucket}>/o`;
}

export const insertMedia = fc
  .tuple(target, content, sometimes(3, { 'Content-Type': fc.constantFrom('text/plain', 'text/html; charset=utf-8') }))
  .map(
    ([{ bucket, name, query }, body, headers]): Step => ({
      method: 'objects.insert',
      traits: ['upload media', ...paramTraits(query), ...(headers['Content-Type'] === undefined ? ['untyped'] : [])],
      verb: 'POST',
      path: insertPath(bucket),
      query: { uploadType: 'media', name, ...query },
      headers,
      body,
    }),
  );

/** Checksums of the content, or of other content. */
function checksums(text: string): fc.Arbitrary<{ readonly fields: Params; readonly traits: readonly string[] }> {
  const of = fc.oneof({ weight: 3, arbitrary: fc.constant(text) }, { weight: 1, arbitrary: fc.constant(`${text}?`) });
  return fc
    .tuple(of, fc.constantFrom<readonly string[]>([], [], ['md5Hash'], ['crc32c'], ['md5Hash', 'crc32c']))
    .map(([summed, names]) => {
      const all: Params = { md5Hash: md5(summed), crc32c: crc32cOf(summed) };
      const isWrong = names.length > 0 && summed !== text;
      return {
        fields: Object.fromEntries(names.map((name) => [name, all[name] ?? ''])),
        traits: isWrong ? ['wrong checksum'] : [],
      };
    });
}

const insertMultipart = content.chain((text) =>
  fc.tuple(target, fewFields, checksums(text)).map(([{ bucket, name, query }, resource, sums]): Step => {
    const json = Buffer.from(JSON.stringify({ name, ...resource, ...sums.fields })).toString('latin1');
    const part = `--part\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${json}\r\n--part\r\n`;
    return {
      method: 'objects.insert',
      traits: ['upload multipart', ...fieldTraits(resource), ...sums.traits, ...paramTraits(query)],
      verb: 'POST',
      path: insertPath(bucket),
      query: { uploadType: 'multipart', ...query },
      headers: { 'Content-Type': 'multipart/related; boundary=part' },
      body: `${part}Content-Type: text/csv\r\n\r\n${text}\r\n--part--`,
    };
  }),
);

function chunk(traits: readonly string[], range: string, body: string): Step {
  return { method: 'uploads.put', traits, verb: 'PUT', path: '<session>', headers: { 'Content-Range': range }, body };
}

const statusQuery: Step = chunk(['status query'], 'bytes */*', '');

/** One session from its start to its end, asked how far it is in between. */
const resumable = fc
  .tuple(target, fewFields, fc.constantFrom('whole', 'unsized', 'chunks', 'gap', 'cancel', 'after'))
  .map(([{ bucket, name, query }, resource, course]): readonly Step[] => {
    const traits = [...fieldTraits(resource), ...paramTraits(query), `course ${course}`];
    const start: Step = {
      method: 'uploads.start',
      traits,
      verb: 'POST',
      path: insertPath(bucket),
      query: { uploadType: 'resumable', name, ...query },
      headers: { 'X-Upload-Content-Type': 'text/plain' },
      body: resource,
    };
    const first = chunk(['part', ...traits], `bytes 0-${CHUNK - 1}/${CHUNK + 3}`, 'c'.repeat(CHUNK));
    const rest = chunk(['last', ...traits], `bytes ${CHUNK}-${CHUNK + 2}/${CHUNK + 3}`, 'end');
    const whole = chunk(['whole', ...traits], 'bytes 0-4/5', 'whole');
    if (course === 'whole') return [start, statusQuery, whole];
    if (course === 'unsized') return [start, chunk(['whole', ...traits], 'bytes 0-*/*', 'unsized')];
    if (course === 'chunks') return [start, first, statusQuery, rest];
    if (course === 'gap') return [start, chunk(['gap', ...traits], 'bytes 10-12/13', 'gap'), statusQuery];
    if (course === 'after') return [start, whole, chunk(['status query', 'finished'], 'bytes */5', '')];
    const cancel: Step = { method: 'uploads.cancel', traits, verb: 'DELETE', path: '<session>' };
    return [start, cancel, chunk(['status query', 'cancelled'], 'bytes */*', '')];
  });

/** An upload that nothing stands against, and where it goes. */
export const storedSteps = fc
  .tuple(insertMultipart, bucketIndex, objectName)
  .map(([{ query: _, ...upload }, bucket, name]) => ({
    place: { bucket, name },
    steps: [
      {
        ...upload,
        traits: upload.traits.filter((trait) => !trait.startsWith('query ')),
        path: insertPath(bucket),
        query: { uploadType: 'multipart', name },
      },
    ] as readonly Step[],
  }));

export const uploadSteps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 2, arbitrary: insertMedia.map((step) => [step]) },
  { weight: 3, arbitrary: insertMultipart.map((step) => [step]) },
  { weight: 2, arbitrary: resumable },
);
