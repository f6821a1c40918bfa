/** How far the lifecycle rules of a bucket have come (docs/formats/metadata.md). */
import type { BucketName } from '../../model/ids.ts';
import { decodeRow, encodeRow } from './codec.ts';

export interface LifecycleRow {
  readonly bucket: BucketName;
  /** When the pass over the bucket began. */
  readonly startedMs: number;
  /** Noncurrent versions go first, so that none is judged twice in one pass. */
  readonly phase: 'noncurrent' | 'live' | 'ended';
  /** Where the phase goes on: before this key in `noncurrent`, behind this name in `live`. Absent: all is left. */
  readonly at?: Uint8Array;
}

export const encodeLifecycle = (row: LifecycleRow): Uint8Array => encodeRow(row);
export const decodeLifecycle = (value: Uint8Array): LifecycleRow => decodeRow(value, 'lifecycle');
