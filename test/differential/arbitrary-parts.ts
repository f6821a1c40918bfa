/** What requests of every family are made of. */
import fc from 'fast-check';

/** One of these, by name, is what most steps are about. Some are traps: `/`, other encodings, folders, dots. */
export const NAMES = ['a', 'a/b', 'a/c', 'a/b/d', 'b', 'dir/', 'ü %2F?#', 'a.txt', '/x'];

export const objectName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'a/b') },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
);

/** The index of a bucket; the second is there to be copied to. */
export const bucketIndex = fc.oneof(
  { weight: 5, arbitrary: fc.constant('0') },
  { weight: 1, arbitrary: fc.constant('1') },
);

export type Params = Readonly<Record<string, string>>;

/** Each parameter once in `oneIn` times. */
export function sometimes(oneIn: number, params: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<Params> {
  const entries = Object.entries(params).map(([name, value]) => {
    const isThere = fc.nat(oneIn - 1).map((roll) => roll === oneIn - 1);
    return fc.tuple(isThere, value).map(([there, text]): readonly [string, string][] => (there ? [[name, text]] : []));
  });
  return fc.tuple(...entries).map((found) => Object.fromEntries(found.flat()));
}

/** `ifGenerationMatch` and its like for an object: that hold, that fail, and of generations that are gone. */
export function preconditions(bucket: string, name: string, prefix = 'if'): fc.Arbitrary<Params> {
  const current = `<generation ${bucket} ${encodeURIComponent(name)}>`;
  const generation = fc.oneof(
    { weight: 3, arbitrary: fc.constant(current) },
    { weight: 1, arbitrary: fc.constantFrom('0', '12345', current.replace('>', ' 1>')) },
  );
  const metageneration = fc.constantFrom('1', '2');
  return sometimes(12, {
    [`${prefix}GenerationMatch`]: generation,
    [`${prefix}GenerationNotMatch`]: generation,
    [`${prefix}MetagenerationMatch`]: metageneration,
    [`${prefix}MetagenerationNotMatch`]: metageneration,
  });
}

/** `generation=`, of the current or an earlier version, or none there ever was. */
export function someGeneration(bucket: string, name: string, param = 'generation'): fc.Arbitrary<Params> {
  const current = `<generation ${bucket} ${encodeURIComponent(name)}`;
  return sometimes(8, { [param]: fc.constantFrom(`${current}>`, `${current}>`, `${current} 1>`, '12345') });
}

export const projection = sometimes(8, { projection: fc.constantFrom('full', 'noAcl') });

/** Traits that say which parameters a request has. */
export function paramTraits(query: Params): readonly string[] {
  return Object.entries(query).flatMap(([name, value]) => [`query ${name}`, `query ${name}=${value}`]);
}

export function objectPath(bucket: string, name: string): string {
  return `/storage/v1/b/<bucket ${bucket}>/o/${encodeURIComponent(name)}`;
}
