import type { ObjectName } from '../../model/ids.ts';
import type { NamedObject, ObjectState } from '../../model/object.ts';
import type { ListPosition } from './list-page.ts';

/**
 * Versions of names whose owner is elsewhere: what this site shows, and what the owner says came before it. Pure.
 * Generations of another owner are compared for equality alone: the order of versions is that in which it lists them.
 */

/** A noncurrent version as its owner lists it. */
export interface PastVersion extends NamedObject {
  /** For the position of a page that ends behind it. */
  readonly version: Uint8Array;
}

/** One page of a listing, cut where its owner cut it. */
export interface VersionPart<Item> {
  readonly items: readonly Item[];
  readonly prefixes: readonly string[];
  readonly nextAfter?: ListPosition;
}

/**
 * Of one name's noncurrent versions, in the owner's order, those that came before the version shown here. The shown one
 * may be among them, overwritten at its owner by now: what follows it is not to be seen yet.
 */
export function beforeShown<Version extends { readonly state: ObjectState }>(
  versions: readonly Version[],
  shown: ObjectState | undefined,
): readonly Version[] {
  if (shown === undefined) return versions;
  const at = versions.findIndex(({ state }) => state.generation === shown.generation);
  if (at >= 0) return versions.slice(0, at);
  return versions.filter(({ state }) => state.timeCreatedMs <= shown.timeCreatedMs);
}

/** All of one name, in the order they are listed. */
interface NameOnPage {
  readonly name: ObjectName;
  readonly past: readonly PastVersion[];
  readonly live: NamedObject | undefined;
  readonly isPrefix: boolean;
}

/**
 * The page that shows both. Beyond the point where either part was cut not all is known, so it ends there at the
 * latest; where that is among the past versions of a name, its live one waits for the next page.
 */
export function mergeVersions(
  live: VersionPart<NamedObject>,
  past: VersionPart<PastVersion>,
  maxResults: number,
): VersionPart<NamedObject> {
  const cut = firstCut(live.nextAfter, past.nextAfter);
  const page = new Page(maxResults);
  for (const one of namesOn(live, past)) {
    if (cut !== undefined && compareNames(one.name, cut.name) > 0) break;
    const isWhole = cut?.version === undefined || one.name !== cut.name;
    if (!page.add(one, isWhole)) return page.full();
  }
  return page.endAt(cut);
}

class Page {
  readonly #items: NamedObject[] = [];
  readonly #prefixes: string[] = [];
  #left: number;
  #last: ListPosition | undefined;

  constructor(maxResults: number) {
    this.#left = maxResults;
  }

  /** False when the page is full before all of the name is on it. */
  add({ name, past, live, isPrefix }: NameOnPage, isWhole: boolean): boolean {
    for (const { version, ...item } of past) {
      if (!this.#place({ kind: 'item', name, version })) return false;
      this.#items.push(item);
    }
    if (!isWhole || (live === undefined && !isPrefix)) return true;
    if (!this.#place({ kind: isPrefix ? 'prefix' : 'item', name })) return false;
    if (live !== undefined) this.#items.push(live);
    if (isPrefix) this.#prefixes.push(name);
    return true;
  }

  #place(position: ListPosition): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    this.#last = position;
    return true;
  }

  full(): VersionPart<NamedObject> {
    return this.endAt(this.#last);
  }

  endAt(cut: ListPosition | undefined): VersionPart<NamedObject> {
    const page = { items: this.#items, prefixes: this.#prefixes };
    if (cut === undefined) return page;
    // Cut among the names under a prefix that is on the page: it stands for all of them.
    const around = this.#prefixes.find((prefix) => cut.name.startsWith(prefix));
    return { ...page, nextAfter: around === undefined ? cut : { kind: 'prefix', name: around } };
  }
}

function namesOn(live: VersionPart<NamedObject>, past: VersionPart<PastVersion>): readonly NameOnPage[] {
  const shown = new Map(live.items.map((item) => [item.name, item]));
  const versions = Map.groupBy(past.items, ({ name }) => name);
  const prefixes = new Set([...live.prefixes, ...past.prefixes]);
  const names = [...new Set([...shown.keys(), ...versions.keys(), ...prefixes])].toSorted(compareNames);
  return names.map((name) => {
    const item = shown.get(name);
    const before = beforeShown(versions.get(name) ?? [], item?.state);
    return { name, past: before, live: item, isPrefix: prefixes.has(name) };
  });
}

/** Of two cuts at one name the one that leaves more of it. */
function firstCut(live: ListPosition | undefined, past: ListPosition | undefined): ListPosition | undefined {
  if (live === undefined || past === undefined) return live ?? past;
  return compareNames(live.name, past.name) < 0 ? live : past;
}

function compareNames(left: ObjectName, right: ObjectName): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
