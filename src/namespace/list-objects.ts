import type { Bucket } from '../model/bucket.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectState } from '../model/object.ts';
import type { MetadataView } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { listFoldersElsewhere, listVersionsElsewhere } from './list-elsewhere.ts';
import {
  allVersions,
  type ListedName,
  type NameSource,
  namesOf,
  ownerNames,
  softDeletedVersions,
  withManagedFolders,
} from './listed-names.ts';
import { namedObject, readBucket } from './object-access.ts';
import { type ContextFilter, parseContextFilter } from './rules/context-filter.ts';
import { parseGlob } from './rules/glob.ts';
import {
  afterName,
  afterNamesUnder,
  type ListFilter,
  type ListPosition,
  listBounds,
  type NameBounds,
  placeOfName,
  shownPrefix,
} from './rules/list-page.ts';

export type { ListPosition } from './rules/list-page.ts';

export interface ListInput {
  readonly bucket: BucketName;
  readonly prefix?: string;
  /** Any length. */
  readonly delimiter?: string;
  /** Inclusive; empty means unset. */
  readonly startOffset?: string;
  /** Exclusive; empty means unset. */
  readonly endOffset?: string;
  readonly includeTrailingDelimiter?: boolean;
  /** With the delimiter `/`: folders and managed folders are among the prefixes, whatever they hold. */
  readonly includeFoldersAsPrefixes?: boolean;
  /**
   * Which versions are listed: the live ones (absent), live and noncurrent ones in the order of name and generation, or
   * those that can be restored.
   */
  readonly versions?: 'all' | 'softDeleted';
  /** A pattern that items and prefixes must match. */
  readonly matchGlob?: string;
  /** What the contexts of items must be; prefixes are shown whatever they hold. */
  readonly filter?: string;
  /** Items plus prefixes, 1–1000. */
  readonly maxResults: number;
  /** Asked right before rows of this site are read: how many of the wanted results there is room for. */
  readonly room?: (wanted: number) => Promise<number>;
  /** Where the page before ended; from `nextAfter`. */
  readonly after?: ListPosition;
}

export interface ListResult {
  readonly items: readonly NamedObject[];
  readonly prefixes: readonly string[];
  /** Set when there is more, or may be: a page may be empty and still have it. */
  readonly nextAfter?: ListPosition;
}

/** Hidden rows a page passes before it ends early: names that are not visible yet must not make it endless. */
const HIDDEN_ROWS_MAX = 4_000;
/** Steps of a pattern that a page may take: some tenths of a second, in which the process does nothing else. */
const GLOB_STEPS_MAX = 5_000_000;
/** Rows of the first scan after a seek over a rolled-up prefix; doubled while no seek follows. */
const ROWS_AFTER_SEEK = 8;
/** Few enough that the store can let other requests run while a page is read and decoded. */
const ROWS_PER_SCAN_MAX = 256;

/**
 * One page, at one version. A rolled-up prefix costs one seek, not a walk over its names; a pattern is looked for among
 * names that begin as it does.
 */
export async function listObjects(deps: NamespaceDeps, input: ListInput): Promise<ListResult> {
  const bucket = await readBucket(deps.metadata, input.bucket);
  if (bucket.owner !== deps.settings.site && (input.versions === 'all' || showsFolders(input))) {
    const listElsewhere = input.versions === 'all' ? listVersionsElsewhere : listFoldersElsewhere;
    return listElsewhere(deps, bucket, input, (live) => listObjects(deps, live));
  }
  const source = sourceOf(deps, input.versions);
  const here = async () => {
    const maxResults = (await input.room?.(input.maxResults)) ?? input.maxResults;
    const page = { ...input, maxResults };
    return deps.metadata.snapshot((view) => {
      const names = source(view, bucket);
      const hasManaged = showsFolders(page) && page.versions === undefined;
      return new ListPage(bucket, hasManaged ? withManagedFolders(view, bucket, names) : names, page).read();
    });
  };
  const { passThrough } = deps;
  const prefix = input.prefix ?? '';
  const isHere = bucket.owner === deps.settings.site || input.versions === 'softDeleted';
  if (isHere || passThrough?.isPartly(bucket.name, prefix) !== true) return here();
  // The owner is asked before the snapshot: its answer may take longer than a snapshot lives.
  const names = ownerNames(passThrough, { bucket, prefix }, new AbortController().signal);
  const there = await new ListPage(bucket, names, input).read();
  return mergePages(there, await here(), input.maxResults);
}

function showsFolders({ includeFoldersAsPrefixes, delimiter }: ListInput): boolean {
  return includeFoldersAsPrefixes === true && delimiter === '/';
}

function sourceOf(
  deps: NamespaceDeps,
  versions: ListInput['versions'],
): (view: MetadataView, bucket: Bucket) => NameSource {
  if (versions === undefined) return namesOf;
  const nowMs = deps.clock.nowMs();
  return versions === 'all' ? allVersions : (view, { id }) => softDeletedVersions(view, id, nowMs);
}

class ListPage {
  readonly #source: NameSource;
  readonly #bucket: Bucket;
  readonly #filter: ListFilter;
  readonly #isNameShown: (name: string) => boolean;
  /** The pattern has cost as much as one request may: the page ends, perhaps with nothing on it. */
  readonly #isOverspent: () => boolean;
  readonly #areContextsShown: ContextFilter;
  readonly #showsFolders: boolean;
  readonly #maxResults: number;
  readonly #bounds: NameBounds;
  readonly #items: NamedObject[] = [];
  readonly #prefixes: string[] = [];
  /** Places taken on the page: an item and a prefix of the same name share one. */
  #places = 0;
  #hidden = 0;
  #last: ListPosition | undefined;
  /** The prefix shown last, on this page or on the one before. */
  #prefix: string | undefined;

  constructor(bucket: Bucket, source: NameSource, input: ListInput) {
    this.#source = source;
    this.#bucket = bucket;
    this.#maxResults = input.maxResults;
    this.#filter = {
      prefix: input.prefix ?? '',
      delimiter: input.delimiter ?? '',
      startOffset: input.startOffset ?? '',
      endOffset: input.endOffset ?? '',
      includeTrailingDelimiter: input.includeTrailingDelimiter ?? false,
    };
    const glob = input.matchGlob === undefined ? undefined : parseGlob(input.matchGlob);
    this.#isNameShown = (name) => glob === undefined || glob.matches(name);
    this.#isOverspent = () => glob !== undefined && glob.steps > GLOB_STEPS_MAX;
    this.#areContextsShown = input.filter === undefined ? () => true : parseContextFilter(input.filter);
    this.#showsFolders = showsFolders(input);
    this.#last = input.after;
    this.#prefix = shownPrefix(this.#filter, input.after);
    this.#bounds = listBounds(this.#filter, positionIn(input), glob?.literalPrefix);
  }

  async read(): Promise<ListResult> {
    const { end } = this.#bounds;
    let from: NameBounds = this.#bounds;
    let limit = this.#filter.delimiter === '' ? this.#wholePage() : ROWS_AFTER_SEEK;
    while (this.#hidden < HIDDEN_ROWS_MAX) {
      if (end !== undefined && Buffer.compare(from.start, end) >= 0) return this.#result(false);
      const rows = await this.#source.scan(from, limit);
      let resume: Uint8Array | undefined;
      for (const row of rows) {
        // Rows of the scan that lie under a prefix just rolled up.
        if (resume !== undefined && Buffer.compare(row.bytes, resume) < 0) continue;
        const taken = this.#take(row);
        if (taken === 'full' || this.#isOverspent()) return this.#result(true);
        resume = taken;
      }
      const lastRow = rows.at(-1);
      if (rows.length < limit || lastRow === undefined) return this.#result(false);
      const isSeek = resume !== undefined && Buffer.compare(resume, lastRow.bytes) > 0;
      from = within(isSeek && resume !== undefined ? { start: resume } : behind(lastRow), end);
      limit = isSeek ? ROWS_AFTER_SEEK : Math.min(limit * 2, ROWS_PER_SCAN_MAX);
    }
    return this.#result(true);
  }

  /** One row more than fits, so that a page knows whether there is another. */
  #wholePage(): number {
    return Math.min(this.#maxResults + 1, ROWS_PER_SCAN_MAX);
  }

  /** Puts a row on the page. Answers where to go on when names after it are covered by a prefix. */
  #take(listed: ListedName): 'full' | Uint8Array | undefined {
    const { name, state } = listed;
    const place = placeOfName(this.#filter, name);
    const isItem = place.kind === 'item' || place.isItemToo;
    const isFolder = listed.folder !== undefined || listed.isManagedFolder === true;
    if (isFolder && state === undefined && !(this.#showsFolders && place.kind === 'rolledUp')) {
      this.#hidden += 1;
      if (this.#places < this.#maxResults) this.#last = { kind: 'folder', name };
      return undefined;
    }
    if (state === undefined && !isFolder) {
      this.#hidden += 1;
      // A page that resumes after such a name takes its prefix for shown.
      const isPassable = place.kind === 'item' || !place.isItemToo;
      if (isPassable && this.#places < this.#maxResults) this.#last = positionOf(listed);
      return undefined;
    }
    const isItemShown =
      isItem && state !== undefined && this.#isNameShown(name) && this.#areContextsShown(state.contexts);
    const isNewPrefix = place.kind === 'rolledUp' && place.prefix !== this.#prefix && this.#isNameShown(place.prefix);
    if (isItemShown || isNewPrefix) {
      if (this.#places === this.#maxResults) return 'full';
      this.#places += 1;
    } else this.#hidden += 1;
    if (isNewPrefix) this.#prefixes.push(place.prefix);
    if (place.kind === 'rolledUp') this.#prefix = place.prefix;
    if (isItemShown) this.#addItem(name, state);
    if (place.kind === 'item' || (place.isItemToo && state !== undefined)) {
      this.#last = positionOf(listed);
      return undefined;
    }
    this.#last = { kind: 'prefix', name: place.prefix };
    return afterNamesUnder(place.prefix);
  }

  #addItem(name: ObjectName, state: ObjectState): void {
    this.#items.push(namedObject(this.#bucket, name, state));
  }

  #result(hasMore: boolean): ListResult {
    const page = { items: this.#items, prefixes: this.#prefixes };
    return hasMore && this.#last !== undefined ? { ...page, nextAfter: this.#last } : page;
  }
}

/** In a listing of live versions a name is passed with all its versions. */
function positionIn({ versions, after }: ListInput): ListPosition | undefined {
  return after === undefined || versions !== undefined ? after : { kind: after.kind, name: after.name };
}

function positionOf({ name, version }: ListedName): ListPosition {
  return { kind: 'item', name, ...(version === undefined ? {} : { version }) };
}

function behind({ bytes, version }: ListedName): NameBounds {
  return version === undefined ? { start: afterName(bytes) } : { start: bytes, after: version };
}

function within(from: NameBounds, end: Uint8Array | undefined): NameBounds {
  return end === undefined ? from : { ...from, end };
}

/**
 * Two pages over disjoint names become one. Beyond the point where either page was cut its names are not all known, so
 * the merged page ends there at the latest.
 */
function mergePages(one: ListResult, other: ListResult, maxResults: number): ListResult {
  const items = new Map([...one.items, ...other.items].map((item) => [item.name, item]));
  const prefixes = new Set([...one.prefixes, ...other.prefixes]);
  const cuts = [one.nextAfter, other.nextAfter].filter((cut) => cut !== undefined);
  const cut = cuts.toSorted((left, right) => compareNames(left.name, right.name))[0];
  const places = [...new Set([...items.keys(), ...prefixes])]
    .filter((name) => cut === undefined || compareNames(name, cut.name) <= 0)
    .toSorted(compareNames);
  const kept = places.slice(0, maxResults);
  const page = {
    items: kept.flatMap((name) => items.get(name) ?? []),
    prefixes: kept.filter((name) => prefixes.has(name)),
  };
  const last = kept.at(-1);
  if (places.length > maxResults && last !== undefined) {
    return { ...page, nextAfter: { kind: prefixes.has(last) ? 'prefix' : 'item', name: last } };
  }
  if (cut === undefined) return page;
  // Cut among the names under a prefix that is on the page: the other page stands for all of them.
  const within = page.prefixes.find((prefix) => cut.name.startsWith(prefix));
  return { ...page, nextAfter: within === undefined ? cut : { kind: 'prefix', name: within } };
}

function compareNames(left: ObjectName, right: ObjectName): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
