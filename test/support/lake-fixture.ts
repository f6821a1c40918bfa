import type { NamedObject } from '../../src/model/object.ts';
import type { Preconditions } from '../../src/model/preconditions.ts';
import type { InsertTarget } from '../../src/namespace/insert-object.ts';
import { collect, type FixtureParts, type NamespaceFixture, namespaceFixture, streamOf } from './namespace-fixture.ts';

/** The bucket that `lakeFixture` makes. */
export const LAKE = 'lake';

/** A namespace with one bucket, and the calls that tests of objects make all the time. */
export interface LakeFixture extends NamespaceFixture {
  put(name: string, body: string | Uint8Array, more?: Partial<InsertTarget>): Promise<NamedObject>;
  get(name: string, preconditions?: Preconditions): Promise<NamedObject>;
  /** The bytes of exactly this object, or of the range of them. */
  read(object: NamedObject, start?: number, end?: number): Promise<Buffer>;
  readText(name: string): Promise<string>;
  remove(name: string): Promise<void>;
}

export async function lakeFixture(parts: FixtureParts = {}): Promise<LakeFixture> {
  const fixture = namespaceFixture(parts);
  const { namespace } = fixture;
  await makeBucket(fixture, LAKE);
  const read = (object: NamedObject, start = 0, end = object.state.size) =>
    collect(namespace.openObject({ object, range: { start, end }, signal: new AbortController().signal }));
  const get = (name: string, preconditions: Preconditions = {}) =>
    namespace.getObject({ address: { bucket: LAKE, name }, preconditions });
  return {
    ...fixture,
    put: (name, body, more = {}) => namespace.insertObject({ target: targetOf(name, more), body: streamOf(body) }),
    get,
    read,
    readText: async (name) => (await read(await get(name))).toString(),
    remove: (name) => namespace.deleteObject({ address: { bucket: LAKE, name }, preconditions: {} }),
  };
}

export function targetOf(name: string, more: Partial<InsertTarget> = {}): InsertTarget {
  return { bucket: LAKE, name, attributes: {}, preconditions: {}, expected: {}, ...more };
}

export function makeBucket({ namespace }: NamespaceFixture, name: string) {
  return namespace.insertBucket({ name, project: 'p', location: 'US', storageClass: 'STANDARD', settings: {} });
}
