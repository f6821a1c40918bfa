import { createHash, randomBytes } from 'node:crypto';

/** A customer-supplied key as clients send it. */
export class TestKey {
  readonly bytes = randomBytes(32);

  get base64(): string {
    return this.bytes.toString('base64');
  }

  get sha256(): string {
    return createHash('sha256').update(this.bytes).digest('base64');
  }

  /** For the object that is read or made. */
  get headers(): Record<string, string> {
    return {
      'x-goog-encryption-algorithm': 'AES256',
      'x-goog-encryption-key': this.base64,
      'x-goog-encryption-key-sha256': this.sha256,
    };
  }

  /** For the source of a copy. */
  get sourceHeaders(): Record<string, string> {
    return {
      'x-goog-copy-source-encryption-algorithm': 'AES256',
      'x-goog-copy-source-encryption-key': this.base64,
      'x-goog-copy-source-encryption-key-sha256': this.sha256,
    };
  }
}
