/**
 * Listings of a bucket that another site owns, with what rows here do not have: past versions, and folders
 * (docs/protocols/site-reads.md). The live one of a name is the one this
 * site shows, whatever its owner has by now; the owner is asked for those before it. What came after the shown one is
 * not told, be it live there or noncurrent already.
 */
import type { Bucket } from '../model/bucket.ts';
import { isStraitError, StraitError } from '../model/errors.ts';
import type { Generation, ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import type { PageRequest, PrefixedPage, RemoteObject } from '../remotes/port.ts';
import { DeadlineExceeded, withDeadline } from '../runtime/deadline.ts';
import type { NamespaceDeps, OwnerListings } from './deps.ts';
import { runInParallel } from './in-parallel.ts';
import type { ListInput, ListResult } from './list-objects.ts';
import { namedObject } from './object-access.ts';
import { versionOrder } from './rows/keys.ts';
import { isHierarchical } from './rules/bucket-settings.ts';
import type { ListPosition } from './rules/list-page.ts';
import { beforeShown, mergeVersions, type PastVersion, type VersionPart } from './rules/past-versions.ts';

const NO_SIGNAL = new AbortController().signal;
const OWNER_PAGE = 1_000;
const RESUMED_PAGE_MIN = 100;
/** Behind a prefix: above nearly all names that start with it, so that the owner begins after them. */
const ABOVE_ALL = '\u{10ffff}';

/** `listLive` lists what this site shows. Nobody is to wait for room meanwhile: the owner may take its time. */
export async function listVersionsElsewhere(
  deps: NamespaceDeps,
  bucket: Bucket,
  input: ListInput,
  listLive: (input: ListInput) => Promise<ListResult>,
): Promise<ListResult> {
  const { versions: _versions, after, room: _room, ...rest } = input;
  // A page may have ended among the versions of a name: its live one, the last of them, is still to come.
  const resumed = after?.version === undefined ? withoutAbsent({ after }) : { startOffset: after.name };
  const live = await listLive({ ...rest, ...resumed, includeFoldersAsPrefixes: false });
  const owner = listingsOf(deps, bucket);
  const past = await ownerPage({ owner, bucket, signal: NO_SIGNAL }, input);
  const areFolders = input.includeFoldersAsPrefixes === true && isHierarchical(bucket);
  const hasPast = async (prefix: string) => {
    const { objects } = await owner.list(bucket.name, { prefix, versions: true, maxResults: OWNER_PAGE }, NO_SIGNAL);
    return objects.some(({ state }) => state.timeDeletedMs !== undefined);
  };
  const prefixes = areFolders ? past.prefixes : await prefixesThat(past.prefixes, live.prefixes, hasPast);
  return mergeVersions(live, { ...past, prefixes }, input.maxResults);
}

/** What the owner gets to name its folders. */
const FOLDERS_WITHIN_MS = 2_000;

/**
 * Live names as this site shows them, and the owner's folders among the prefixes. A folder that holds anything shown
 * is a prefix in any case, so a reader of tables is answered without the owner when that is away: empty folders are
 * missing then.
 */
export async function listFoldersElsewhere(
  deps: NamespaceDeps,
  bucket: Bucket,
  input: ListInput,
  listLive: (input: ListInput) => Promise<ListResult>,
): Promise<ListResult> {
  const { room: _room, ...rest } = input;
  const live = await listLive({ ...rest, includeFoldersAsPrefixes: false });
  if (deps.ownerListings?.isAway() === true) return live;
  try {
    const limit = { clock: deps.clock, ms: FOLDERS_WITHIN_MS };
    const folders = await withDeadline(limit, (signal) => ownerFolders(deps, bucket, { input, live, signal }));
    return mergeVersions(live, folders, input.maxResults);
  } catch (error) {
    if (!isStraitError(error, 'unavailable') && !(error instanceof DeadlineExceeded)) throw error;
    deps.logger.log('warn', 'a listing lacks empty folders: their owner does not answer', { bucket: bucket.name });
    return live;
  }
}

/** In a hierarchical bucket whatever rolls up is a folder; in others it is where there is a managed folder. */
async function ownerFolders(
  deps: NamespaceDeps,
  bucket: Bucket,
  asked: { readonly input: ListInput; readonly live: ListResult; readonly signal: AbortSignal },
): Promise<VersionPart<PastVersion>> {
  const owner = listingsOf(deps, bucket);
  const folders = await ownerPage({ owner, bucket, signal: asked.signal }, asked.input);
  const isManaged = (prefix: string) => owner.hasManagedFolder(bucket.name, prefix, asked.signal);
  const { prefixes } = folders;
  const shown = isHierarchical(bucket) ? prefixes : await prefixesThat(prefixes, asked.live.prefixes, isManaged);
  return { ...folders, items: [], prefixes: shown };
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
  const request = { prefix: name, startOffset: name, versions: true };
  const versions: RemoteObject[] = [];
  const asked = { owner: listingsOf(deps, bucket), bucket, signal: NO_SIGNAL };
  for await (const page of ownerPages(asked, request)) {
    const own = page.objects.filter((one) => one.name === name);
    versions.push(...own.filter(({ state }) => state.timeDeletedMs !== undefined));
    if (own.length < page.objects.length) break;
  }
  return beforeShown(versions, shown).find(({ state }) => state.generation === generation)?.state;
}

function listingsOf({ ownerListings }: NamespaceDeps, bucket: Bucket): OwnerListings {
  if (ownerListings !== undefined) return ownerListings;
  const message =
    `Past versions and folders of gs://${bucket.name} are asked of its owner, whom this site does not follow now; ` +
    'start it with --cloud again.';
  throw new StraitError('unavailable', message, {});
}

interface AskedOwner {
  readonly owner: OwnerListings;
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
}

async function* ownerPages({ owner, bucket, signal }: AskedOwner, request: PageRequest) {
  let pageToken: string | undefined;
  do {
    const page = await owner.list(bucket.name, { ...request, ...withoutAbsent({ pageToken }) }, signal);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/**
 * Noncurrent versions, if any were asked for, and prefixes behind the position of the input, to where one of the
 * owner's pages ends. When the version of the position is gone by now, the others of its name are told again.
 */
async function ownerPage(asked: AskedOwner, input: ListInput): Promise<VersionPart<PastVersion>> {
  const after = input.after?.kind === 'item' ? input.after : undefined;
  const items: PastVersion[] = [];
  const prefixes: string[] = [];
  let isFound = false;
  for await (const page of ownerPages(asked, requestOf(input))) {
    for (const { name, state } of page.objects) {
      const version = versionOrder(state.generation);
      if (name === after?.name && after.version === undefined) continue;
      if (name === after?.name && isSame(version, after.version)) {
        isFound = true;
        items.length = 0;
      } else if (state.timeDeletedMs !== undefined) items.push({ ...namedObject(asked.bucket, name, state), version });
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
function endOf({ objects, prefixes }: PrefixedPage): ListPosition | undefined {
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

function requestOf(input: ListInput): PageRequest {
  const { after, prefix, delimiter, endOffset, matchGlob, filter, includeTrailingDelimiter } = input;
  const from = after === undefined ? '' : after.kind === 'prefix' ? `${after.name}${ABOVE_ALL}` : after.name;
  const starts = [input.startOffset ?? '', from].toSorted((left, right) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
  const startOffset = starts[1] === '' ? undefined : starts[1];
  const shape = { prefix, delimiter, startOffset, endOffset, matchGlob, filter, includeTrailingDelimiter };
  const kinds = { versions: input.versions === 'all', includeFoldersAsPrefixes: input.includeFoldersAsPrefixes };
  // The name of the position comes first, with all its versions: a short page might not get past them.
  const maxResults = after?.kind === 'item' ? Math.max(input.maxResults, RESUMED_PAGE_MIN) : input.maxResults;
  return { ...withoutAbsent({ ...shape, ...kinds }), maxResults };
}

/** Of the prefixes the owner found, those that are shown here too, or have something. Others are not to be seen yet. */
async function prefixesThat(
  found: readonly string[],
  shown: readonly string[],
  hasSomething: (prefix: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const seen = new Set(shown);
  const unseen = found.filter((prefix) => !seen.has(prefix));
  await runInParallel(unseen, async (prefix) => {
    if (await hasSomething(prefix)) seen.add(prefix);
  });
  return found.filter((prefix) => seen.has(prefix));
}

function withoutAbsent<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: NonNullable<Fields[Key]>;
  };
}
