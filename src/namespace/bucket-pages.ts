import type { Bucket } from '../model/bucket.ts';
import type { KeyRange } from '../stores/metadata/port.ts';
import type { NamespaceDeps } from './deps.ts';
import { decodeBucket } from './rows/bucket-row.ts';
import { justAfter } from './rows/keys.ts';
import { isSameProject } from './rules/project-number.ts';

export interface ListBucketsInput {
  readonly project: string;
  readonly prefix?: string;
  readonly maxResults: number;
  /** From `nextAfter`. */
  readonly after?: string;
}

export interface BucketPage {
  readonly buckets: readonly Bucket[];
  /** Set when there is more: where this page ends. */
  readonly nextAfter?: string;
}

/** The rows a listing goes through, and what it calls a place among them. */
export interface BucketRows {
  readonly range: KeyRange;
  readonly positionOf: (bucket: Bucket) => string;
  readonly keyOf: (position: string) => Uint8Array;
  readonly isShown?: (bucket: Bucket) => boolean;
}

const SCAN_ROWS = 200;
/** A page ends after this many rows, full or not: other projects' buckets must not make it endless. */
const SCANNED_ROWS_MAX = 10_000;

/** Stands for every project in a listing. GCS has no such project; sites that follow a gateway ask for it. */
export const ALL_PROJECTS = '-';

export async function pageOfBuckets(
  deps: NamespaceDeps,
  input: ListBucketsInput,
  { range, positionOf, keyOf, isShown = () => true }: BucketRows,
): Promise<BucketPage> {
  const { start, end } = range;
  return deps.metadata.snapshot(async (view) => {
    const buckets: Bucket[] = [];
    let from = input.after === undefined ? start : later(start, justAfter(keyOf(input.after)));
    let last: string | undefined;
    for (let scanned = 0; scanned < SCANNED_ROWS_MAX; ) {
      if (Buffer.compare(from, end) >= 0) return { buckets };
      const rows = await view.scan({ start: from, end }, { limit: SCAN_ROWS });
      for (const row of rows) {
        const bucket = decodeBucket(row.value);
        if (isOfProject(deps, bucket, input.project) && isShown(bucket)) {
          if (buckets.length === input.maxResults) return { buckets, ...nextAfter(last) };
          buckets.push(bucket);
        }
        last = positionOf(bucket);
        from = justAfter(row.key);
      }
      if (rows.length < SCAN_ROWS) return { buckets };
      scanned += rows.length;
    }
    return { buckets, ...nextAfter(last) };
  });
}

/** Buckets that another site owns belong to projects this site knows nothing of: they show in every project. */
function isOfProject(deps: NamespaceDeps, bucket: Bucket, project: string): boolean {
  return project === ALL_PROJECTS || bucket.owner !== deps.settings.site || isSameProject(bucket.project, project);
}

const later = (left: Uint8Array, right: Uint8Array) => (Buffer.compare(left, right) >= 0 ? left : right);
const nextAfter = (last: string | undefined) => (last === undefined ? {} : { nextAfter: last });
