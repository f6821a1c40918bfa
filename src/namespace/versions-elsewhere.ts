/**
 * Versions of a bucket that another site owns (docs/protocols/site-reads.md). The live one of a name is the one this
 * site shows, whatever its owner has by now; the owner is asked for those before it. What came after the shown one is
 * not told, be it live there or noncurrent already.
 */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { Generation, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { RemoteObject, VersionsPage, VersionsRequest } from '../remotes/port.ts';
import type { NamespaceDeps, OwnerVersions } from './deps.ts';
import { runInParallel } from './in-parallel.ts';
import type { ListInput, ListResult } from './list-objects.ts';
import { namedObject } from './object-access.ts';
import { versionOrder } from './rows/keys.ts';
import type { ListPosition } from './rules/list-page.ts';
import { beforeShown, mergeVersions, type PastVersion, type VersionPart } from './rules/past-versions.ts';

const NO_SIGNAL = new AbortController().signal;
const OWNER_PAGE = 1_000;
const RESUMED_PAGE_MIN = 100;
/** Behind a prefix: above nearly all names that start with it, so that the owner begins after them. */
const ABOVE_ALL = '\u{10ffff}';

/** `listLive` lists what this site shows. */
export async function listVersionsElsewhere(
  deps: NamespaceDeps,
  bucket: Bucket,
  input: ListInput,
  listLive: (input: ListInput) => Promise<ListResult>,
): Promise<ListResult> {
  const { versions: _versions, after, ...rest } = input;
  // A page may have ended among the versions of a name: its live one, the last of them, is still to come.
  const resumed = after?.version === undefined ? withoutAbsent({ after }) : { startOffset: after.name };
  const live = await listLive({ ...rest, ...resumed });
  const owner = versionsOf(deps, bucket);
  const past = await ownerPage(owner, bucket, input);
  const prefixes = await pastPrefixes(owner, bucket, { found: past.prefixes, shown: new Set(live.prefixes) });
  return mergeVersions(live, { ...past, prefixes }, input.maxResults);
}

export interface WantedPast {
  readonly name: ObjectName;
  readonly generation: Generation;
  /** What this site shows of the name. */
  readonly shown: ObjectState | undefined;
}

/** The state of the version an address names, when it is one that came before the version shown. */
export async function pastVersionElsewhere(
  deps: NamespaceDeps,
  bucket: Bucket,
  { name, generation, shown }: WantedPast,
): Promise<ObjectState | undefined> {
  const request = { prefix: name, startOffset: name };
  const versions: RemoteObject[] = [];
  for await (const page of ownerPages(versionsOf(deps, bucket), bucket, request)) {
    const own = page.objects.filter((one) => one.name === name);
    versions.push(...own.filter(({ state }) => state.timeDeletedMs !== undefined));
    if (own.length < page.objects.length) break;
  }
  return beforeShown(versions, shown).find(({ state }) => state.generation === generation)?.state;
}

function versionsOf({ ownerVersions }: NamespaceDeps, bucket: Bucket): OwnerVersions {
  if (ownerVersions !== undefined) return ownerVersions;
  const message =
    `Versions of gs://${bucket.name} that are not live are asked of its owner, whom this site does not follow now; ` +
    'start it with --cloud again.';
  throw new StraitError('unavailable', message, {});
}

async function* ownerPages(owner: OwnerVersions, bucket: Bucket, request: VersionsRequest) {
  let pageToken: string | undefined;
  do {
    const page = await owner.list(bucket.name, { ...request, ...withoutAbsent({ pageToken }) }, NO_SIGNAL);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/**
 * Noncurrent versions and prefixes behind the position of the input, to where one of the owner's pages ends. When the
 * version of the position is gone by now, the others of its name are told again.
 */
async function ownerPage(owner: OwnerVersions, bucket: Bucket, input: ListInput): Promise<VersionPart<PastVersion>> {
  const after = input.after?.kind === 'item' ? input.after : undefined;
  const items: PastVersion[] = [];
  const prefixes: string[] = [];
  let isFound = false;
  for await (const page of ownerPages(owner, bucket, requestOf(input))) {
    for (const { name, state } of page.objects) {
      const version = versionOrder(state.generation);
      if (name === after?.name && after.version === undefined) continue;
      if (name === after?.name && isSame(version, after.version)) {
        isFound = true;
        items.length = 0;
      } else if (state.timeDeletedMs !== undefined) items.push({ ...namedObject(bucket, name, state), version });
    }
    prefixes.push(...page.prefixes.filter((prefix) => input.after?.kind !== 'prefix' || prefix !== input.after.name));
    const cut = page.nextPageToken === undefined ? undefined : endOf(page);
    if (cut !== undefined && isBeyond(cut, input.after, isFound)) return { items, prefixes, nextAfter: cut };
  }
  return { items, prefixes };
}

function isBeyond(cut: ListPosition, after: ListPosition | undefined, isFound: boolean): boolean {
  if (cut.name !== after?.name) return true;
  if (cut.kind === 'prefix') return after.kind !== 'prefix';
  return isFound && !isSame(cut.version, after.version);
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0;
}

/** Where a page of the owner's ended, if it has anything. The live version of a name is the last of them. */
function endOf({ objects, prefixes }: VersionsPage): ListPosition | undefined {
  const [last, prefix] = [objects.at(-1), prefixes.at(-1)];
  if (
    prefix !== undefined &&
    (last === undefined || Buffer.compare(Buffer.from(prefix), Buffer.from(last.name)) >= 0)
  ) {
    return { kind: 'prefix', name: prefix };
  }
  if (last === undefined) return undefined;
  const { name, state } = last;
  if (state.timeDeletedMs === undefined) return { kind: 'item', name };
  return { kind: 'item', name, version: versionOrder(state.generation) };
}

function requestOf(input: ListInput): VersionsRequest {
  const { after, prefix, delimiter, endOffset, matchGlob, filter, includeTrailingDelimiter } = input;
  const from = after === undefined ? '' : after.kind === 'prefix' ? `${after.name}${ABOVE_ALL}` : after.name;
  const starts = [input.startOffset ?? '', from].toSorted((left, right) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
  const startOffset = starts[1] === '' ? undefined : starts[1];
  const shape = { prefix, delimiter, startOffset, endOffset, matchGlob, filter, includeTrailingDelimiter };
  // The name of the position comes first, with all its versions: a short page might not get past them.
  const maxResults = after?.kind === 'item' ? Math.max(input.maxResults, RESUMED_PAGE_MIN) : input.maxResults;
  return { ...withoutAbsent(shape), maxResults };
}

/**
 * Of the prefixes the owner found, those that are shown here too, or hold a version that is not live. Others hold what
 * is not to be seen yet. Of each the first page decides.
 */
async function pastPrefixes(
  owner: OwnerVersions,
  bucket: Bucket,
  { found, shown }: { readonly found: readonly string[]; readonly shown: ReadonlySet<string> },
): Promise<readonly string[]> {
  const seen = new Set(found.filter((prefix) => shown.has(prefix)));
  const unseen = found.filter((prefix) => !seen.has(prefix));
  await runInParallel(unseen, async (prefix) => {
    const { objects } = await owner.list(bucket.name, { prefix, maxResults: OWNER_PAGE }, NO_SIGNAL);
    if (objects.some(({ state }) => state.timeDeletedMs !== undefined)) seen.add(prefix);
  });
  return found.filter((prefix) => seen.has(prefix));
}

function withoutAbsent<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>;
  };
}
