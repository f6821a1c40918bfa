import type { Bucket } from '../../model/bucket.ts';
import type { CustomerKey, EncryptionChoice, ObjectEncryption } from '../../model/encryption.ts';
import { StraitError } from '../../model/errors.ts';

/** Which key an object has, and whether the one that a request brings is it. Pure. */

/** Whose fault a refusal is: the headers of the object that is read or made, or those of a copy's source. */
export type KeySide = 'target' | 'source';

const HEADER: Readonly<Record<KeySide, string>> = {
  target: 'X-Goog-Encryption-Key',
  source: 'X-Goog-Copy-Source-Encryption-Key',
};

/** A key that is given must be the object's. For its bytes it must be given. */
export function judgeKey(
  encryption: ObjectEncryption | undefined,
  key: CustomerKey | undefined,
  need: { readonly side: KeySide; readonly isForBytes: boolean },
): StraitError<'invalidArgument'> | undefined {
  const field = HEADER[need.side];
  const refuse = (reason: KeyReason, message: string) => new StraitError('invalidArgument', message, { field, reason });
  if (encryption?.kind !== 'customer') {
    if (key === undefined) return undefined;
    const message = 'The target object is not encrypted by a customer-supplied encryption key.';
    return refuse('resourceNotEncryptedWithCustomerEncryptionKey', message);
  }
  if (key === undefined) {
    if (!need.isForBytes) return undefined;
    const message = 'The target object is encrypted by a customer-supplied encryption key.';
    return refuse('resourceIsEncryptedWithCustomerEncryptionKey', message);
  }
  if (key.sha256 === encryption.keySha256) return undefined;
  return refuse('customerEncryptionKeyIsIncorrect', 'The provided encryption key is incorrect.');
}

type KeyReason =
  | 'resourceNotEncryptedWithCustomerEncryptionKey'
  | 'resourceIsEncryptedWithCustomerEncryptionKey'
  | 'customerEncryptionKeyIsIncorrect';

/** `projects/P/locations/L/keyRings/R/cryptoKeys/K`, as Cloud KMS names keys; versions are not named. */
const KMS_KEY_NAME =
  /^projects\/[a-z0-9][a-z0-9.:-]{0,98}\/locations\/[a-z0-9-]{1,63}\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/i;

export function assertKmsKeyName(name: string, field: string): void {
  if (KMS_KEY_NAME.test(name)) return;
  const message =
    `Invalid Cloud KMS key name "${name.slice(0, 200)}": ` +
    'expected projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY.';
  throw new StraitError('invalidArgument', message, { field });
}

/** One object has one key: GCS refuses a request that brings one and names another. */
export function assertChoice({ customerKey, kmsKeyName }: EncryptionChoice): void {
  if (kmsKeyName === undefined) return;
  assertKmsKeyName(kmsKeyName, 'kmsKeyName');
  if (customerKey === undefined) return;
  const message = 'A customer-supplied encryption key and a Cloud KMS key cannot be used together.';
  throw new StraitError('invalidArgument', message, { field: 'kmsKeyName' });
}

/** What the request says, in the form the object keeps. A bucket's default is no concern of it: see `newState`. */
export function chosenEncryption({ customerKey, kmsKeyName }: EncryptionChoice): ObjectEncryption | undefined {
  if (customerKey !== undefined) return { kind: 'customer', keySha256: customerKey.sha256 };
  return kmsKeyName === undefined ? undefined : { kind: 'kms', keyName: kmsKeyName };
}

/** The encryption of new objects that no request chooses: `encryption.defaultKmsKeyName` of the bucket. */
export function defaultEncryption({ settings }: Pick<Bucket, 'settings'>): ObjectEncryption | undefined {
  const keyName = fieldOf(settings['encryption'], 'defaultKmsKeyName');
  return typeof keyName === 'string' && keyName !== '' ? { kind: 'kms', keyName } : undefined;
}

const ENFORCEMENTS = {
  none: ['googleManagedEncryptionEnforcementConfig', 'without a key of its own'],
  kms: ['customerManagedEncryptionEnforcementConfig', 'under a Cloud KMS key'],
  customer: ['customerSuppliedEncryptionEnforcementConfig', 'under a customer-supplied key'],
} as const;

type EncryptingBucket = Pick<Bucket, 'name' | 'settings'>;

/** What a new object is encrypted by: what was chosen, or else the bucket's default. */
export function newEncryption(
  bucket: EncryptingBucket,
  chosen: ObjectEncryption | undefined,
): ObjectEncryption | undefined {
  const refusal = judgeNewEncryption(bucket, chosen);
  if (refusal !== undefined) throw refusal;
  return chosen ?? defaultEncryption(bucket);
}

/**
 * Whether the bucket takes new objects of this encryption, however they are made
 * (https://cloud.google.com/storage/docs/encryption/enforce-encryption-types).
 */
export function judgeNewEncryption(
  bucket: EncryptingBucket,
  chosen: ObjectEncryption | undefined,
): StraitError<'encryptionRestricted'> | undefined {
  const [config, how] = ENFORCEMENTS[(chosen ?? defaultEncryption(bucket))?.kind ?? 'none'];
  const mode = fieldOf(fieldOf(bucket.settings['encryption'], config), 'restrictionMode');
  if (mode !== 'FullyRestricted') return undefined;
  const field = `encryption.${config}.restrictionMode`;
  const message = `gs://${bucket.name} takes no new object ${how}: its ${field} is FullyRestricted.`;
  return new StraitError('encryptionRestricted', message, { field });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/**
 * Segments are shared within one sharing domain only: a tenant, a location, and a key. Across it bytes are read and
 * written again, so that none can be reached with another domain's key, and none stays where it must not be.
 */
export function inOneDomain(
  source: { readonly bucket: Bucket; readonly encryption: ObjectEncryption | undefined },
  destination: { readonly bucket: Bucket; readonly encryption: ObjectEncryption | undefined },
): boolean {
  return (
    source.bucket.project === destination.bucket.project &&
    source.bucket.location === destination.bucket.location &&
    customerKeyOf(source.encryption) === customerKeyOf(destination.encryption)
  );
}

function customerKeyOf(encryption: ObjectEncryption | undefined): string | undefined {
  return encryption?.kind === 'customer' ? encryption.keySha256 : undefined;
}
