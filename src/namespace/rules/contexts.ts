import { StraitError } from '../../model/errors.ts';
import type { ObjectContext, ObjectContexts } from '../../model/object.ts';
import { utf8Length } from './names.ts';

/** Contexts of objects: https://cloud.google.com/storage/docs/object-contexts. */

const CONTEXTS_MAX = 50;
/** Of a key, and of a value. */
const TEXT_BYTES_MAX = 256;
/** Of all keys and values: what a row has room for beside everything else. */
const CONTEXT_BYTES_MAX = 12 * 1024;

/** Judges what clients set; contexts that Google's services made elsewhere may be kept, but not made here. */
export function assertContexts(contexts: ObjectContexts): void {
  const entries = Object.entries(contexts);
  if (entries.length > CONTEXTS_MAX) throw invalid(`an object has at most ${CONTEXTS_MAX} contexts`);
  let bytes = 0;
  for (const [key, context] of entries) {
    if (context.createTimeMs === undefined && key.startsWith('google:')) {
      throw invalid("context keys that start with 'google:' are Google's own");
    }
    assertText('key', key);
    assertText('value', context.value);
    bytes += utf8Length(key) + utf8Length(context.value);
  }
  if (bytes > CONTEXT_BYTES_MAX) throw invalid(`the contexts of an object have at most ${CONTEXT_BYTES_MAX} bytes`);
}

function assertText(what: 'key' | 'value', text: string): void {
  const shown = `'${text.slice(0, 100)}'`;
  if (!text.isWellFormed()) throw invalid(`a context ${what} must be valid UTF-8`);
  const bytes = utf8Length(text);
  if (bytes === 0 || bytes > TEXT_BYTES_MAX) {
    throw invalid(`a context ${what} has 1 to ${TEXT_BYTES_MAX} bytes, not ${bytes}`);
  }
  if (!/^[\p{L}\p{N}]/u.test(text)) throw invalid(`a context ${what} starts with a letter or digit, unlike ${shown}`);
  if (/['"\\/]/.test(text)) throw invalid(`a context ${what} has no quotes, slashes or backslashes, unlike ${shown}`);
}

/** Gives contexts that a client set their times. One whose value stays has not been updated. */
export function datedContexts(
  before: ObjectContexts | undefined,
  after: ObjectContexts,
  nowMs: number,
): ObjectContexts {
  const dated = (key: string, context: ObjectContext): ObjectContext => {
    if (context.createTimeMs !== undefined) return context;
    const known = before !== undefined && Object.hasOwn(before, key) ? before[key] : undefined;
    if (known?.value === context.value) return known;
    return { value: context.value, createTimeMs: known?.createTimeMs ?? nowMs, updateTimeMs: nowMs };
  };
  return Object.fromEntries(Object.entries(after).map(([key, context]) => [key, dated(key, context)]));
}

function invalid(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Invalid contexts: ${message}.`, { field: 'contexts' });
}
