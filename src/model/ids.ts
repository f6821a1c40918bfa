/** Names and numbers that must not be mixed up. Values cross a boundary once, then stay typed. */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type BucketName = string;
/** An object name: 1–1024 bytes of UTF-8, never a path. */
export type ObjectName = string;

/** Opaque, never reused. 16 lower-case hex digits; stored as 8 bytes. */
export type BucketId = Branded<string, 'BucketId'>;
export type FolderId = Branded<string, 'FolderId'>;
/** What one owner orders; its journal has the same id. */
export type ScopeId = Branded<string, 'ScopeId'>;
/** Opaque, never reused: 32 lower-case hex digits. */
export type BlobId = Branded<string, 'BlobId'>;
export type StagingId = Branded<string, 'StagingId'>;

/** Version of an object's data. In GCS-owned scopes compared for equality only. */
export type Generation = Branded<bigint, 'Generation'>;

export const bucketId = (hex: string): BucketId => hex as BucketId;
export const folderId = (hex: string): FolderId => hex as FolderId;
export const scopeId = (hex: string): ScopeId => hex as ScopeId;
export const blobId = (hex: string): BlobId => hex as BlobId;
export const stagingId = (text: string): StagingId => text as StagingId;
export const generation = (value: bigint): Generation => value as Generation;

/** The one folder of a flat bucket. */
export const ROOT_FOLDER: FolderId = folderId('0000000000000000');
