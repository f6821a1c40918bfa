import { StraitError } from '../../model/errors.ts';

/** Naming rules of GCS: https://cloud.google.com/storage/docs/objects#naming and /buckets#naming. */

const OBJECT_NAME_BYTES_MAX = 1024;
const ACME_PREFIX = '.well-known/acme-challenge/';

/** Why `name` cannot name an object; undefined when it can. Names are never paths: `a/`, `a//b`, `/x` are legal. */
export function objectNameProblem(name: string): string | undefined {
  if (!name.isWellFormed()) return 'an object name must be valid UTF-8';
  const bytes = utf8Length(name);
  if (bytes === 0) return 'an object name must not be empty';
  if (bytes > OBJECT_NAME_BYTES_MAX) return `an object name has at most ${OBJECT_NAME_BYTES_MAX} bytes, not ${bytes}`;
  if (/[\r\n]/.test(name)) return 'an object name must not contain a carriage return or line feed';
  if (name === '.' || name === '..') return `an object must not be named '${name}'`;
  if (name.startsWith(ACME_PREFIX)) return `an object name must not start with '${ACME_PREFIX}'`;
  return undefined;
}

export function assertObjectName(name: string): void {
  const problem = objectNameProblem(name);
  if (problem !== undefined) throw new StraitError('invalidArgument', problem, { field: 'name' });
}

const BUCKET_NAME_MAX = 63;
const DOTTED_BUCKET_NAME_MAX = 222;

/** Why `name` cannot name a new bucket; undefined when it can. */
export function bucketNameProblem(name: string): string | undefined {
  if (!/^[a-z0-9._-]*$/.test(name)) {
    return 'a bucket name may contain only lower-case letters, digits, dashes, underscores and dots';
  }
  const parts = name.split('.');
  const max = parts.length > 1 ? DOTTED_BUCKET_NAME_MAX : BUCKET_NAME_MAX;
  if (name.length < 3 || name.length > max) return `a bucket name has 3 to ${max} characters, not ${name.length}`;
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return 'a bucket name must start and end with a letter or digit';
  if (parts.some((part) => part.length === 0 || part.length > BUCKET_NAME_MAX)) {
    return `each dot-separated part of a bucket name has 1 to ${BUCKET_NAME_MAX} characters`;
  }
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return 'a bucket name must not look like an IP address';
  if (name.startsWith('goog')) return "a bucket name must not start with 'goog'";
  if (/g[o0][o0]g[l1][e3]/.test(name)) return "a bucket name must not contain 'google' or something like it";
  return undefined;
}

export function assertBucketName(name: string): void {
  const problem = bucketNameProblem(name);
  if (problem !== undefined) {
    throw new StraitError('invalidArgument', `Invalid bucket name: '${name}': ${problem}`, { field: 'name' });
  }
}

/** Bytes of `text` in UTF-8; a lone surrogate counts as its replacement, 3 bytes. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
