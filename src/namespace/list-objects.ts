import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject } from '../model/object.ts';
import type { NamespaceDeps } from './deps.ts';

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
  /** Where the page before ended; from `nextAfter`. */
  readonly after?: ListPosition;
}

/** A page resumes after an item, or after everything under a prefix that was rolled up. */
export interface ListPosition {
  readonly kind: 'item' | 'prefix';
  readonly name: ObjectName;
}

export interface ListResult {
  readonly items: readonly NamedObject[];
  readonly prefixes: readonly string[];
  /** Set when there is more. */
  readonly nextAfter?: ListPosition;
}

/** One page, at one version. A rolled-up prefix costs one seek, not a walk over its names. */
export async function listObjects(_deps: NamespaceDeps, _input: ListInput): Promise<ListResult> {
  throw new StraitError('unsupported', 'objects.list', { feature: 'list' });
}
