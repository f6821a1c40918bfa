import {
  type CheckpointLayout,
  type CheckpointRow,
  encodeCheckpoint,
  V2_LAYOUT,
} from '../../src/apps/demo/generate/delta-parquet.ts';

/** A checkpoint file for unit tests, which may not import the demo. All actions have columns unless `layout` says. */
export function checkpointBytes(rows: Iterable<CheckpointRow>, layout: Partial<CheckpointLayout> = {}): Uint8Array {
  return encodeCheckpoint(rows, { ...V2_LAYOUT, ...layout });
}
