/** Versions that are not live (docs/formats/metadata.md, "Versions"). They have their generations: none is stamped. */
import type { BucketName, ScopeId } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import { decodeRow, encodeRow, readU64, u64 } from './codec.ts';
import { loadState, type StoredState, storeState } from './object-row.ts';

export function encodeVersion(state: ObjectState): Uint8Array {
  return encodeRow(storeState(state, false), u64(state.generation));
}

export function decodeVersion(value: Uint8Array): ObjectState {
  return loadState(decodeRow<StoredState>(value, 'version', 8), readU64(value, 1));
}

/** Names the journal that records the end of a soft-deleted version, whose bucket may be gone by then. */
export interface HardDeleteRow {
  readonly bucket: BucketName;
  readonly scopeId: ScopeId;
}

export const encodeHardDelete = (row: HardDeleteRow): Uint8Array => encodeRow(row);
export const decodeHardDelete = (value: Uint8Array): HardDeleteRow => decodeRow(value, 'hardDelete');
