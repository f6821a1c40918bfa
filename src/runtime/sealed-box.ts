import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { SecretKey } from '../model/secret-key.ts';
import type { Random } from './random.ts';

/**
 * AES-256-GCM with a nonce of its own for every box: nonce (12), ciphertext, tag (16). The nonce is drawn at random
 * each time, never derived from a position: whatever is encrypted again after a crash gets another one. One key may
 * close 2^32 boxes (NIST SP 800-38D §8.3).
 */

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const BOX_BYTES = NONCE_BYTES + TAG_BYTES;

/** `context` is authenticated with the content and not stored: a box opens only where it belongs. */
export function closeBox(random: Random, key: SecretKey, context: Uint8Array, content: Uint8Array): Buffer {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.reveal(), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  const ciphertext = cipher.update(content);
  return Buffer.concat([nonce, ciphertext, cipher.final(), cipher.getAuthTag()]);
}

/** `undefined` when the key or the context is another one, or any byte is: nothing of the content is given out then. */
export function openBox(key: SecretKey, context: Uint8Array, box: Uint8Array): Buffer | undefined {
  if (box.length < BOX_BYTES) return undefined;
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key.reveal(), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context);
  decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
  const content = decipher.update(box.subarray(NONCE_BYTES, box.length - TAG_BYTES));
  try {
    return Buffer.concat([content, decipher.final()]);
  } catch {
    return undefined;
  }
}
