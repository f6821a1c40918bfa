/** Rows of HMAC keys. The secret has a row of its own, which nothing reads that shows, logs or journals a key. */
import type { HmacKey } from '../../model/hmac-key.ts';
import { decodeRow, encodeRow } from './codec.ts';

export const encodeHmacKey = (key: HmacKey): Uint8Array => encodeRow(key);
export const decodeHmacKey = (value: Uint8Array): HmacKey => decodeRow(value, 'hmacKey');

/** 40 characters of base64, as the client has it. */
export const encodeHmacSecret = (secret: string): Uint8Array => encodeRow({ s: secret });

/** How many keys of a service account are not deleted. */
export const encodeHmacAccount = (liveKeys: number): Uint8Array => encodeRow({ n: liveKeys });
export const decodeHmacAccount = (value: Uint8Array): number => decodeRow<{ n: number }>(value, 'hmacAccount').n;
