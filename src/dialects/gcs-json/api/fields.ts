/**
 * The `fields` parameter: which parts of an answer to send ("partial response" of Google's JSON APIs).
 *
 *     list := item ("," item)*      item := name ("/" name)* ["(" list ")"]      name may be "*"
 */
import { StraitError } from '../../../model/errors.ts';

/** Undefined means "all of it". */
export type Selection = ReadonlyMap<string, Selection> | undefined;
type Tree = Map<string, Tree | undefined>;

/** The names a resource has; undefined where any name is allowed. */
export type FieldNames = { readonly [name: string]: FieldNames | undefined } | undefined;

const DEPTH_MAX = 20;

/** Undefined when there is nothing to leave out. Names that `known` does not have are an `invalidArgument`. */
export function parseFields(text: string | undefined, known: FieldNames): Selection {
  if (text === undefined || text === '' || text === '*') return undefined;
  const parser = new FieldsParser(text);
  const tree = parser.parse();
  checkNames(tree, known);
  return tree;
}

/** Whether any of `name` is wanted: saves rendering what would be dropped. */
export function isSelected(selection: Selection, name: string): boolean {
  return selection === undefined || selection.has(name) || selection.has('*');
}

/** What is wanted below `name`. Only to be asked when `isSelected`. */
export function below(selection: Selection, name: string): Selection {
  if (selection === undefined) return undefined;
  if (!selection.has('*')) return selection.get(name);
  if (!selection.has(name)) return selection.get('*');
  return merge(selection.get('*'), selection.get(name));
}

/** Applies a selection: lists are selected from member by member. */
export function select(value: unknown, selection: Selection): unknown {
  if (selection === undefined) return value;
  if (Array.isArray(value)) return value.map((member) => select(member, selection)).filter((m) => m !== undefined);
  if (typeof value !== 'object' || value === null) return undefined;
  const selected: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (!isSelected(selection, name)) continue;
    const part = select(member, below(selection, name));
    if (part !== undefined) selected[name] = part;
  }
  return selected;
}

function merge(one: Selection, other: Selection): Selection {
  if (one === undefined || other === undefined) return undefined;
  const merged = new Map(one);
  for (const [name, part] of other) merged.set(name, merged.has(name) ? merge(merged.get(name), part) : part);
  return merged;
}

class FieldsParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Tree {
    const tree = this.#list(0);
    if (this.#at < this.#text.length) throw invalidFields(this.#text);
    return tree;
  }

  #list(depth: number): Tree {
    if (depth > DEPTH_MAX) throw invalidFields(this.#text);
    const tree: Tree = new Map();
    do this.#item(tree, depth);
    while (this.#take(','));
    return tree;
  }

  #item(tree: Tree, depth: number): void {
    const path = [this.#name()];
    while (this.#take('/')) path.push(this.#name());
    if (path.length > DEPTH_MAX) throw invalidFields(this.#text);
    let members: Tree | undefined;
    if (this.#take('(')) {
      members = this.#list(depth + 1);
      if (!this.#take(')')) throw invalidFields(this.#text);
    }
    insert(tree, path, members);
  }

  #name(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !',/()'.includes(this.#text.charAt(this.#at))) this.#at += 1;
    const name = this.#text.slice(start, this.#at).trim();
    if (name === '') throw invalidFields(this.#text);
    return name;
  }

  #take(character: string): boolean {
    while (this.#text.charAt(this.#at) === ' ') this.#at += 1;
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }
}

/** Adds a path: "all of it" swallows parts of it, whichever came first. */
function insert(tree: Tree, path: readonly string[], members: Tree | undefined): void {
  const [name = '', ...rest] = path;
  if (tree.has(name) && tree.get(name) === undefined) return;
  if (rest.length === 0 && members === undefined) {
    tree.set(name, undefined);
    return;
  }
  const child = tree.get(name) ?? new Map();
  tree.set(name, child);
  if (rest.length > 0) insert(child, rest, members);
  else for (const [member, part] of members ?? []) insertTree(child, member, part);
}

function insertTree(tree: Tree, name: string, part: Tree | undefined): void {
  if (part === undefined) insert(tree, [name], undefined);
  else insert(tree, [name], part);
}

function checkNames(tree: Tree, known: FieldNames): void {
  if (known === undefined) return;
  for (const [name, part] of tree) {
    if (name === '*') continue;
    if (!Object.hasOwn(known, name)) throw invalidFields(name);
    if (part !== undefined) checkNames(part, known[name]);
  }
}

function invalidFields(what: string): StraitError<'invalidArgument'> {
  const message = `Invalid field selection ${what.slice(0, 200)}`;
  return new StraitError('invalidArgument', message, { field: 'fields', reason: 'invalidParameter' });
}
