/** Access lists that the owner alone keeps, beside what this site shows. */
import type { Bucket } from '../../../model/bucket.ts';
import type { BucketName } from '../../../model/ids.ts';
import type { NamedObject } from '../../../model/object.ts';
import { runInParallel } from '../../../namespace/in-parallel.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { answered, ownerOf, payer, withLinksTo } from './ask-owner.ts';

/** `acl` and `owner` by name and generation (`versionKey`). */
export type OwnerLists = ReadonlyMap<string, Resource>;

export function versionKey({ name, state }: Pick<NamedObject, 'name' | 'state'>): string {
  return `${state.generation}/${name}`;
}

/** Of one object: its resource with the lists that its owner has of this very version. */
export async function withOwnerLists(call: Call, object: NamedObject, resource: Resource): Promise<Resource> {
  const { bucket, name, state } = object;
  const query = [
    ['projection', 'full'] as const,
    ['generation', state.generation.toString()] as const,
    ['fields', 'acl,owner'] as const,
    ...payer(call),
  ];
  const answer = await ownerOf(call).ask({ path: ['b', bucket, 'o', name], query }, call.request.signal);
  return { ...resource, ...withLinksTo(call.request.origin, answered(answer, object)) };
}

const LIST_PAGE = '1000';
/**
 * What says which names are on a page, and who pays; where it begins and ends is told by the items this site shows on
 * it.
 */
const SHAPE = new Set([
  'delimiter',
  'filter',
  'includeTrailingDelimiter',
  'matchGlob',
  'prefix',
  'userProject',
  'versions',
]);

/**
 * Of the items of a page, by the owner's listing of the same names. A version that the owner has no more, and the site
 * still shows, has none.
 */
export async function listOwnerLists(
  call: Call<'objects.list'>,
  bucket: BucketName,
  items: readonly NamedObject[],
): Promise<OwnerLists> {
  const lists = new Map<string, Resource>();
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) return lists;
  const end = Buffer.from(last.name);
  const shape = call.query().filter(([name]) => SHAPE.has(name));
  const fields = 'nextPageToken,items(name,generation,acl,owner)';
  let pageToken: string | undefined;
  for (;;) {
    const page = pageToken === undefined ? [] : [['pageToken', pageToken] as const];
    const query = [
      ...shape,
      ['startOffset', first.name] as const,
      ['projection', 'full'] as const,
      ['maxResults', LIST_PAGE] as const,
      ['fields', fields] as const,
      ...page,
    ];
    const answer = await ownerOf(call).ask({ path: ['b', bucket, 'o'], query }, call.request.signal);
    const resource = answered(answer);
    const found = (resource['items'] ?? []) as readonly Resource[];
    for (const { name, generation, ...own } of found)
      lists.set(`${generation}/${name}`, withLinksTo(call.request.origin, own));
    const isPassed = Buffer.compare(Buffer.from(String(found.at(-1)?.['name'] ?? '')), end) > 0;
    pageToken = resource['nextPageToken'] as string | undefined;
    if (isPassed || pageToken === undefined) return lists;
  }
}

/** Whole resources of buckets that other sites own, as those have them. */
export async function ownersBuckets(
  call: Call,
  buckets: readonly Bucket[],
): Promise<ReadonlyMap<BucketName, Resource>> {
  const found = new Map<BucketName, Resource>();
  await runInParallel(buckets, async ({ name }) => {
    if ((await call.context.namespace.ownerElsewhere(name)) === undefined) return;
    const query = [['projection', 'full'] as const, ...payer(call)];
    const { status, resource } = await ownerOf(call).ask({ path: ['b', name], query }, call.request.signal);
    if (status === 200) found.set(name, withLinksTo(call.request.origin, resource));
  });
  return found;
}
