/** Keys that clients send with a request, and names of keys that Cloud KMS holds. */
import { createHash } from 'node:crypto';
import type { CustomerKey, EncryptionChoice } from '../../../model/encryption.ts';
import { StraitError } from '../../../model/errors.ts';
import { KEY_BYTES, SecretKey } from '../../../model/secret-key.ts';
import type { HttpRequest } from '../../shared/http-message.ts';

/** The three headers of a customer-supplied key; all of them or none. */
interface KeyHeaders {
  readonly algorithm: string;
  readonly key: string;
  readonly sha256: string;
}

const TARGET: KeyHeaders = {
  algorithm: 'X-Goog-Encryption-Algorithm',
  key: 'X-Goog-Encryption-Key',
  sha256: 'X-Goog-Encryption-Key-Sha256',
};
const SOURCE: KeyHeaders = {
  algorithm: 'X-Goog-Copy-Source-Encryption-Algorithm',
  key: 'X-Goog-Copy-Source-Encryption-Key',
  sha256: 'X-Goog-Copy-Source-Encryption-Key-Sha256',
};

/** The key of the object that is read or made. */
export function customerKeyOf(request: HttpRequest): { readonly customerKey?: CustomerKey } {
  const customerKey = readKey(request, TARGET);
  return customerKey === undefined ? {} : { customerKey };
}

/** The key of the object that is copied. */
export function sourceKeyOf(request: HttpRequest): { readonly sourceKey?: CustomerKey } {
  const sourceKey = readKey(request, SOURCE);
  return sourceKey === undefined ? {} : { sourceKey };
}

/** What a request says of the encryption of the object it makes; an empty name is none. */
export function encryptionChoice(request: HttpRequest, kmsKeyName: unknown): EncryptionChoice {
  const isNamed = typeof kmsKeyName === 'string' && kmsKeyName !== '';
  return { ...customerKeyOf(request), ...(isNamed ? { kmsKeyName } : {}) };
}

const BASE64_OF_32_BYTES = /^[A-Za-z0-9+/]{43}=$/;

/** Reasons and messages are GCS's (status and error codes page of the JSON API). No message tells a part of a key. */
function readKey({ headers }: HttpRequest, names: KeyHeaders): CustomerKey | undefined {
  const given = (name: string) => headers[name.toLowerCase()];
  const [algorithm, key, sha256] = [given(names.algorithm), given(names.key), given(names.sha256)];
  if (algorithm === undefined && key === undefined && sha256 === undefined) return undefined;
  if (algorithm?.trim().toUpperCase() !== 'AES256') {
    const message = 'Missing an encryption algorithm, or the provided algorithm is not "AES256".';
    throw refusal(names.algorithm, 'customerEncryptionAlgorithmIsInvalid', message);
  }
  const bytes = Buffer.from(BASE64_OF_32_BYTES.test(key ?? '') ? (key ?? '') : '', 'base64');
  if (bytes.length !== KEY_BYTES) {
    const message =
      'Missing an encryption key, or it is not base64 encoded, or it does not meet the required length of the ' +
      'encryption algorithm.';
    throw refusal(names.key, 'customerEncryptionKeyFormatIsInvalid', message);
  }
  const actual = createHash('sha256').update(bytes).digest('base64');
  if (sha256 !== actual) {
    const message =
      'Missing a SHA256 hash of the encryption key, or it is not base64 encoded, or it does not match the encryption ' +
      'key.';
    throw refusal(names.sha256, 'customerEncryptionKeySha256IsInvalid', message);
  }
  return { secret: new SecretKey(bytes), sha256: actual };
}

function refusal(field: string, reason: KeyReason, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field, reason });
}

type KeyReason =
  | 'customerEncryptionAlgorithmIsInvalid'
  | 'customerEncryptionKeyFormatIsInvalid'
  | 'customerEncryptionKeySha256IsInvalid';
