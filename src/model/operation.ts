import type { BucketId, BucketName } from './ids.ts';

/** What a long-running operation does. A new kind is added here, in its worker and in how dialects name it. */
export type OperationKind =
  | 'relocateBucket'
  | 'bulkRestoreObjects'
  | 'renameFolder'
  | 'deleteFolderRecursive'
  | 'createAnywhereCache'
  | 'updateAnywhereCache'
  | 'createRapidCache'
  | 'updateRapidCache'
  | 'disableRapidCache';

/** JSON values that a resource or a record is made of. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A long-running operation on a bucket, as google.longrunning knows it. */
export interface Operation {
  /** 32 lower-case hex digits; the ids of a bucket sort by the time of their creation. */
  readonly id: string;
  readonly bucket: BucketName;
  readonly bucketId: BucketId;
  readonly kind: OperationKind;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly isCancelRequested: boolean;
  /** 0 to 100; absent where progress cannot be told. */
  readonly progressPercent?: number;
  /** What clients are shown of it in `metadata`, besides what every operation shows. */
  readonly shown: JsonObject;
  /** What its worker must know to go on after a restart. Never shown. */
  readonly work: JsonObject;
  /** Absent while it runs. */
  readonly outcome?: OperationOutcome;
  readonly endedMs?: number;
}

export type OperationOutcome =
  | { readonly kind: 'response'; readonly response: JsonObject }
  /** `code` is one of google.rpc.Code. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

/** Codes of google.rpc.Code that operations end with. */
export const RPC_CODE = { cancelled: 1, invalidArgument: 3, notFound: 5, failedPrecondition: 9, internal: 13 } as const;
