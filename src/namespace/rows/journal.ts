/** Journal entries of a scope (docs/formats/metadata.md, "Journal"). */
import type { Bucket } from '../../model/bucket.ts';
import type { CacheFamily } from '../../model/cache.ts';
import type { HmacKeyState } from '../../model/hmac-key.ts';
import type { BucketName, ObjectName } from '../../model/ids.ts';
import type { ObjectState } from '../../model/object.ts';
import type { Append } from '../../stores/metadata/port.ts';
import { checkFormat, encodeRow, readU64, u64, unpack } from './codec.ts';
import { type StoredState, storeState } from './object-row.ts';

/** Where the store stamps the entry's generation; 0 when it has none. */
export const ENTRY_GENERATION_OFFSET = 1;

/** What became of a version that was overwritten or deleted. */
export interface FateRecord {
  readonly became: 'noncurrent' | 'softDeleted' | 'gone';
  readonly hardDeleteTimeMs?: number;
  readonly restoreToken?: string;
}

/** A live version that was overwritten, and its fate. */
export interface ReplacedRecord extends FateRecord {
  readonly generation: string;
  readonly state?: StoredState;
  readonly retentionExpirationMs?: number;
}

/** The journal of what belongs to no bucket, such as keys. */
export const CONTROL_JOURNAL = 'control';

export type JournalRecord =
  | {
      readonly op: 'insert' | 'patch' | 'delete';
      readonly bucket: BucketName;
      readonly name: ObjectName;
      readonly metageneration: string;
      readonly timeMs: number;
      /**
       * Every attribute: the journal can be replayed elsewhere, and followers can tell what went away. Where bytes are
       * is a site's own affair: content is `remote`. Its generation is the entry's.
       */
      readonly state?: StoredState;
      /** When its retention ends, by the bucket's policy of this moment. */
      readonly retentionExpirationMs?: number;
      /** Of `patch` and `delete`, when it is not the live version. */
      readonly version?: 'noncurrent' | 'softDeleted';
      /** Of `delete`. A soft-deleted version that is deleted has reached its time, and is gone. */
      readonly fate?: FateRecord;
      /** Of an `insert` over a live version: that one, and its fate. */
      readonly replaced?: ReplacedRecord;
      /** Instead of `replaced`, when a `replace` right before it says that: the generation. */
      readonly overwrote?: string;
      /** Of an `insert` that restores a soft-deleted version: that one's generation. */
      readonly restored?: string;
    }
  /** What an `insert` replaces, where one entry cannot hold both. The entry's generation is that of the insert. */
  | {
      readonly op: 'replace';
      readonly bucket: BucketName;
      readonly name: ObjectName;
      readonly timeMs: number;
      readonly replaced: ReplacedRecord;
    }
  | {
      /** A purge ends a soft-deleted bucket for good. */
      readonly op: 'bucketInsert' | 'bucketPatch' | 'bucketDelete' | 'bucketRestore' | 'bucketPurge';
      readonly bucket: BucketName;
      readonly timeMs: number;
    }
  /** In the control journal. The secret is never in it. */
  | {
      readonly op: 'hmacKeyInsert' | 'hmacKeyPatch' | 'hmacKeyDelete';
      readonly accessId: string;
      readonly project: string;
      readonly serviceAccountEmail: string;
      readonly state: HmacKeyState;
      readonly timeMs: number;
    }
  | {
      readonly op: 'notificationInsert' | 'notificationDelete';
      readonly bucket: BucketName;
      readonly id: number;
      readonly timeMs: number;
    }
  | {
      readonly op: 'channelInsert' | 'channelDelete';
      readonly bucket: BucketName;
      readonly id: string;
      readonly timeMs: number;
    }
  | {
      readonly op: 'managedFolderInsert' | 'managedFolderPatch' | 'managedFolderDelete';
      readonly bucket: BucketName;
      readonly name: string;
      readonly timeMs: number;
    }
  | {
      readonly op: 'cacheInsert' | 'cachePatch' | 'cacheDelete';
      readonly bucket: BucketName;
      readonly family: CacheFamily;
      readonly id: string;
      readonly timeMs: number;
    }
  /** All that is in a renamed folder has the new name from here on. */
  | {
      readonly op: 'folderInsert' | 'folderDelete' | 'folderRename';
      readonly bucket: BucketName;
      readonly name: string;
      /** Of a rename: the new name. */
      readonly to?: string;
      readonly timeMs: number;
    }
  /** A whole commit of a table became visible here. */
  | {
      readonly op: 'publish';
      readonly bucket: BucketName;
      readonly table: ObjectName;
      readonly version: string;
      readonly kind: 'commit' | 'attachment';
      readonly names: number;
      /** When the cloud made it visible there, and when it became visible here. */
      readonly sourceMs: number;
      readonly timeMs: number;
      readonly setId?: string;
    }
  /** Names outside commits became visible, or left. */
  | {
      readonly op: 'loose' | 'retire' | 'stage' | 'fold' | 'add';
      readonly bucket: BucketName;
      readonly names: readonly ObjectName[];
      readonly timeMs: number;
    };

export type ObjectRecord = Extract<JournalRecord, { op: 'insert' | 'patch' | 'delete' }>;

export interface JournalLine {
  readonly generation: bigint;
  readonly record: JournalRecord;
}

export function encodeJournal(record: JournalRecord, generation = 0n): Uint8Array {
  return encodeRow(record, u64(generation));
}

export function decodeJournal(value: Uint8Array): JournalLine {
  checkFormat(value, 'journal');
  return {
    generation: readU64(value, ENTRY_GENERATION_OFFSET),
    record: unpack(value.subarray(9), 'journal') as JournalRecord,
  };
}

export function folderEntry(
  bucket: Bucket,
  record:
    | Omit<Extract<JournalRecord, { op: `folder${string}` }>, 'bucket'>
    | Omit<Extract<JournalRecord, { op: `managedFolder${string}` }>, 'bucket'>,
): Append {
  return { journal: bucket.scopeId, value: encodeJournal({ ...record, bucket: bucket.name }) };
}

/** What a journal keeps of a state. */
export function journalState(state: ObjectState): StoredState {
  return storeState({ ...state, content: { kind: 'remote' } }, false);
}
