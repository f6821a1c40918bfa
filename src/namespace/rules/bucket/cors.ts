import { integerOf, invalidField, listOf, objectOf, present, textsOf } from './read-json.ts';

/** Entries of `cors` (https://cloud.google.com/storage/docs/cross-origin). */

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A scheme and a host, with a port or without, or `*` for any. */
const ORIGIN = /^(?:\*|[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/?#@]+|null)$/;

export function checkedCors(value: unknown): readonly unknown[] | undefined {
  const entries = listOf(value, 'cors').map((member) => {
    const { origin, method, responseHeader, maxAgeSeconds } = objectOf(member, 'cors');
    return present({
      origin: texts(origin, 'origin', ORIGIN),
      method: texts(method, 'method', TOKEN),
      responseHeader: texts(responseHeader, 'responseHeader', TOKEN),
      maxAgeSeconds: maxAgeSeconds === undefined || maxAgeSeconds === null ? undefined : checkedAge(maxAgeSeconds),
    });
  });
  return entries.length === 0 ? undefined : entries;
}

function texts(value: unknown, name: string, pattern: RegExp): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const members = textsOf(value, `cors.${name}`);
  const wrong = members.find((member) => !pattern.test(member));
  if (wrong === undefined) return members;
  throw invalidField(`cors.${name}`, `Invalid ${name} of a cors entry: "${wrong.slice(0, 100)}"`);
}

function checkedAge(value: unknown): number {
  const seconds = integerOf(value, 'cors.maxAgeSeconds');
  if (seconds >= 0 && seconds < 2 ** 31) return seconds;
  throw invalidField('cors.maxAgeSeconds', `The maximum age of a cors entry is 0 or more, not ${seconds}.`);
}
