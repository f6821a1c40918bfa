import type { SecretKey } from './secret-key.ts';

/** A key that its owner sends with every request and nobody stores (customer-supplied encryption key, CSEK). */
export interface CustomerKey {
  readonly secret: SecretKey;
  /** SHA-256 of the key, base64: what may be kept and shown. */
  readonly sha256: string;
}

/** Whose key wraps the data keys of an object. Absent: nobody's, and the bytes are stored as they are. */
export type ObjectEncryption =
  | { readonly kind: 'customer'; readonly keySha256: string }
  /** The name is kept and shown; bytes are not encrypted by it yet (SECURITY.md). */
  | { readonly kind: 'kms'; readonly keyName: string };

/** What a request says about the encryption of the object it makes; at most one of the two. */
export interface EncryptionChoice {
  readonly customerKey?: CustomerKey;
  readonly kmsKeyName?: string;
}
