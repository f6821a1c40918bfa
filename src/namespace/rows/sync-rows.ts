/** Rows that sync keeps: tables, staged sets, transfers, backlog (docs/formats/metadata.md). */
import { decodeRow, encodeRow } from './codec.ts';

export interface TableRow {
  readonly format: string;
  /** Where publication has come to; absent before the first version. */
  readonly cursor?: { readonly ordinal: string; readonly label: string; readonly state?: unknown };
  /** When the cloud made the published version visible, by its clock. */
  readonly sourceMs?: number;
  readonly publishedMs?: number;
  /** Versions published one by one, and versions passed over by a jump. */
  readonly published: number;
  readonly skipped: number;
}

export const encodeTable = (row: TableRow): Uint8Array => encodeRow(row);
export const decodeTable = (value: Uint8Array): TableRow => decodeRow(value, 'table');

export interface SetRow {
  readonly bucketId: string;
  readonly table: string;
  readonly state: 'staging' | 'stale' | 'flipped';
}

export const encodeSet = (row: SetRow): Uint8Array => encodeRow(row);
export const decodeSet = (value: Uint8Array): SetRow => decodeRow(value, 'set');

export interface TransferRow {
  readonly generation: string;
  readonly stagingId: string;
}

export const encodeTransfer = (row: TransferRow): Uint8Array => encodeRow(row);
export const decodeTransfer = (value: Uint8Array): TransferRow => decodeRow(value, 'transfer');

export interface BacklogRow {
  /** When a name the owner deleted may go here: set once nothing published reaches it. */
  readonly retireAtMs?: number;
}

export const encodeBacklog = (row: BacklogRow): Uint8Array => encodeRow(row);
export const decodeBacklog = (value: Uint8Array): BacklogRow => decodeRow(value, 'backlog');
