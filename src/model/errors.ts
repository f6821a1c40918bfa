/**
 * The one error type. Codes are coarse and say what the caller must do; messages are rich and say how to mend it.
 * Each dialect renders every code from a complete table, so a new code fails to compile until it is rendered.
 */

/** What each error carries. Adding a key here is the only way to add an error. */
export interface ErrorDetails {
  /** `field` is the parameter, header or body field at fault; `reason` overrides the dialect's default reason. */
  invalidArgument: {
    field?: string;
    reason?: 'invalid' | 'required' | 'invalidParameter' | 'parseError' | ChannelReason | KeyReason;
  };
  unauthenticated: Record<never, never>;
  /** `reason` overrides the dialect's default reason. */
  permissionDenied: { owner?: string; reason?: 'retentionPolicyNotMet' };
  bucketNotFound: { bucket: string };
  objectNotFound: { bucket: string; object: string };
  /** Something else that a path names, such as an operation; the message says which. */
  notFound: { what: string };
  uploadNotFound: { uploadId: string };
  /** An upload that was cancelled or has expired. */
  uploadGone: { uploadId: string };
  alreadyExists: { bucket: string };
  bucketNotEmpty: { bucket: string };
  /** The state of what is named forbids it, such as a folder that is not empty. */
  conflict: { what: string };
  /** A failed Match precondition. */
  preconditionFailed: { condition: string };
  /** The bucket's public access prevention forbids it. */
  publicAccessPrevented: Record<never, never>;
  /** The bucket takes no new objects under this kind of key. `field` is the setting that says so. */
  encryptionRestricted: { field: string };
  /** A failed NotMatch precondition: 304 for reads, as GCS answers. */
  notModified: { condition: string };
  epochFenced: { scope: string; presented: bigint; current: bigint };
  rangeNotSatisfiable: { size: number };
  /** The client's bytes do not have the checksum the client declared. */
  checksumMismatch: { expected: string; actual: string };
  payloadTooLarge: { limitBytes: number };
  methodNotAllowed: { method: string };
  rateLimited: { retryAfterMs?: number };
  /** The client stopped sending or taking bytes. */
  requestTimeout: { waitedMs: number };
  /** A store, a disk or the owner cannot be reached now. Nothing was half-done. */
  unavailable: { retryAfterMs?: number };
  /** Our stored bytes fail their checksum. */
  corrupt: { blob: string };
  unsupported: { feature: string };
  internal: Record<never, never>;
}

/** What is wrong with a channel, as Google's APIs with channels say. */
type ChannelReason = 'channelIdNotUnique' | 'push.webhookUrlNotHttps';

/** What is wrong with a key that a customer supplies, or does not (status and error codes page of the JSON API). */
type KeyReason =
  | 'customerEncryptionAlgorithmIsInvalid'
  | 'customerEncryptionKeyFormatIsInvalid'
  | 'customerEncryptionKeyIsIncorrect'
  | 'customerEncryptionKeySha256IsInvalid'
  | 'resourceIsEncryptedWithCustomerEncryptionKey'
  | 'resourceNotEncryptedWithCustomerEncryptionKey';

export type ErrorCode = keyof ErrorDetails;
export type Retry = 'never' | 'afterRefresh' | 'withBackoff';

export const RETRY: Readonly<Record<ErrorCode, Retry>> = {
  invalidArgument: 'never',
  unauthenticated: 'never',
  permissionDenied: 'never',
  bucketNotFound: 'never',
  objectNotFound: 'never',
  notFound: 'never',
  uploadNotFound: 'never',
  uploadGone: 'never',
  alreadyExists: 'never',
  bucketNotEmpty: 'never',
  conflict: 'never',
  preconditionFailed: 'afterRefresh',
  publicAccessPrevented: 'never',
  encryptionRestricted: 'never',
  notModified: 'afterRefresh',
  epochFenced: 'never',
  rangeNotSatisfiable: 'never',
  checksumMismatch: 'never',
  payloadTooLarge: 'never',
  methodNotAllowed: 'never',
  rateLimited: 'withBackoff',
  requestTimeout: 'withBackoff',
  unavailable: 'withBackoff',
  corrupt: 'never',
  unsupported: 'never',
  internal: 'withBackoff',
};

export class StraitError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'StraitError';
  readonly code: Code;
  readonly details: ErrorDetails[Code];

  constructor(code: Code, message: string, details: ErrorDetails[Code], options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get retry(): Retry {
    return RETRY[this.code];
  }
}

export function isStraitError<Code extends ErrorCode>(error: unknown, code?: Code): error is StraitError<Code> {
  return error instanceof StraitError && (code === undefined || error.code === code);
}
