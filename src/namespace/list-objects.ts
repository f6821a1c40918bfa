import type { BucketId, BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectState } from '../model/object.ts';
import type { KeyRange } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { type ListedName, localNames, type NameSource, ownerNames } from './listed-names.ts';
import { readBucket } from './object-access.ts';
import { afterLeaves, justAfter, namesBetween } from './rows/keys.ts';
import { type ListFilter, type ListPosition, listBounds, placeOfName } from './rules/list-page.ts';

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
/** Rows of the first scan after a seek over a rolled-up prefix; doubled while no seek follows. */
const ROWS_AFTER_SEEK = 8;
/** Few enough that the store can let other requests run while a page is read and decoded. */
const ROWS_PER_SCAN_MAX = 256;

/** One page, at one version. A rolled-up prefix costs one seek, not a walk over its names. */
export async function listObjects(deps: NamespaceDeps, input: ListInput): Promise<ListResult> {
  const bucket = await readBucket(deps.metadata, input.bucket);
  const here = async () => {
    const maxResults = (await input.room?.(input.maxResults)) ?? input.maxResults;
    const page = { ...input, maxResults };
    return deps.metadata.snapshot((view) => new ListPage(localNames(view), bucket.id, page).read());
  };
  const { passThrough } = deps;
  const prefix = input.prefix ?? '';
  if (bucket.owner === deps.settings.site || passThrough?.isPartly(bucket.name, prefix) !== true) return here();
  // The owner is asked before the snapshot: its answer may take longer than a snapshot lives.
  const names = ownerNames(passThrough, { bucket, prefix }, new AbortController().signal);
  const there = await new ListPage(names, bucket.id, input).read();
  return mergePages(there, await here(), input.maxResults);
}

class ListPage {
  readonly #source: NameSource;
  readonly #bucketId: BucketId;
  readonly #bucket: BucketName;
  readonly #filter: ListFilter;
  readonly #maxResults: number;
  readonly #range: KeyRange;
  readonly #items: NamedObject[] = [];
  readonly #prefixes: string[] = [];
  /** Places taken on the page: an item and a prefix of the same name share one. */
  #places = 0;
  #hidden = 0;
  #last: ListPosition | undefined;

  constructor(source: NameSource, bucketId: BucketId, input: ListInput) {
    this.#source = source;
    this.#bucketId = bucketId;
    this.#bucket = input.bucket;
    this.#maxResults = input.maxResults;
    this.#filter = {
      prefix: input.prefix ?? '',
      delimiter: input.delimiter ?? '',
      startOffset: input.startOffset ?? '',
      endOffset: input.endOffset ?? '',
      includeTrailingDelimiter: input.includeTrailingDelimiter ?? false,
    };
    this.#last = input.after;
    this.#range = namesBetween(bucketId, listBounds(this.#filter, input.after));
  }

  async read(): Promise<ListResult> {
    const { end } = this.#range;
    let { start } = this.#range;
    let limit = this.#filter.delimiter === '' ? this.#wholePage() : ROWS_AFTER_SEEK;
    while (this.#hidden < HIDDEN_ROWS_MAX) {
      if (Buffer.compare(start, end) >= 0) return this.#result(false);
      const rows = await this.#source.scan({ start, end }, limit);
      let resume: Uint8Array | undefined;
      for (const row of rows) {
        // Rows of the scan that lie under a prefix just rolled up.
        if (resume !== undefined && Buffer.compare(row.key, resume) < 0) continue;
        const taken = this.#take(row);
        if (taken === 'full') return this.#result(true);
        resume = taken;
      }
      const lastRow = rows.at(-1);
      if (rows.length < limit || lastRow === undefined) return this.#result(false);
      const isSeek = resume !== undefined && Buffer.compare(resume, lastRow.key) > 0;
      start = isSeek && resume !== undefined ? resume : justAfter(lastRow.key);
      limit = isSeek ? ROWS_AFTER_SEEK : Math.min(limit * 2, ROWS_PER_SCAN_MAX);
    }
    return this.#result(true);
  }

  /** One row more than fits, so that a page knows whether there is another. */
  #wholePage(): number {
    return Math.min(this.#maxResults + 1, ROWS_PER_SCAN_MAX);
  }

  /** Puts a row on the page. Answers where to go on when names after it are covered by a prefix. */
  #take({ name, state }: ListedName): 'full' | Uint8Array | undefined {
    if (state === undefined) {
      this.#hidden += 1;
      if (this.#places < this.#maxResults) this.#last = { kind: 'item', name };
      return undefined;
    }
    if (this.#places === this.#maxResults) return 'full';
    this.#places += 1;
    const place = placeOfName(this.#filter, name);
    if (place.kind === 'item') {
      this.#addItem(name, state);
      this.#last = { kind: 'item', name };
      return undefined;
    }
    this.#prefixes.push(place.prefix);
    if (place.isItemToo) this.#addItem(name, state);
    this.#last = { kind: 'prefix', name: place.prefix };
    return afterLeaves(this.#bucketId, place.prefix);
  }

  #addItem(name: ObjectName, state: ObjectState): void {
    this.#items.push({ bucket: this.#bucket, name, state });
  }

  #result(hasMore: boolean): ListResult {
    const page = { items: this.#items, prefixes: this.#prefixes };
    return hasMore && this.#last !== undefined ? { ...page, nextAfter: this.#last } : page;
  }
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
