import { StraitError } from '../../model/errors.ts';
import type { HmacKey, HmacKeyState } from '../../model/hmac-key.ts';

/** What an HMAC key goes through (https://cloud.google.com/storage/docs/authentication/hmackeys). */

/** Of one service account; deleted ones do not count. */
export const HMAC_KEYS_MAX = 10;
/** A deleted key is shown for 30 days. */
export const DELETED_KEY_SHOWN_MS = 30 * 24 * 3_600_000;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ACCESS_ID_RANDOM_CHARS = 55;
export const ACCESS_ID_RANDOM_BYTES = ACCESS_ID_RANDOM_CHARS;
export const SECRET_BYTES = 30;

/** 61 characters, as those of service accounts have at GCS. */
export function accessIdOf(random: Uint8Array): string {
  return `GOOG1E${Array.from(random, (byte) => BASE32[byte % BASE32.length]).join('')}`;
}

export const ACCESS_ID = /^GOOG1E[A-Z2-7]{55}$/;
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,99}$/;
const EMAIL_CHARS_MAX = 254;
const EMAIL = /^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/;

export function assertKeyOwner(project: string, serviceAccountEmail: string): void {
  if (!PROJECT.test(project)) throw invalid('projectId', `Invalid project: '${project.slice(0, 100)}'.`);
  if (serviceAccountEmail.length <= EMAIL_CHARS_MAX && EMAIL.test(serviceAccountEmail)) return;
  throw invalid('serviceAccountEmail', `Invalid service account email: '${serviceAccountEmail.slice(0, 100)}'.`);
}

export function assertRoomForKey(liveKeys: number, serviceAccountEmail: string): void {
  if (liveKeys < HMAC_KEYS_MAX) return;
  const message =
    `The service account ${serviceAccountEmail} has ${HMAC_KEYS_MAX} HMAC keys already, the most it can have. ` +
    'Deactivate and delete one first.';
  throw invalid('serviceAccountEmail', message);
}

/** Deactivated or activated again. A deleted key stays deleted. */
export function keyInState(
  key: HmacKey,
  wanted: { readonly state: string | undefined; readonly etag?: string },
  context: { readonly etag: string; readonly nowMs: number },
): HmacKey {
  if (wanted.etag !== undefined && wanted.etag !== context.etag) {
    throw new StraitError('preconditionFailed', 'the HMAC key has changed since its etag was read', {
      condition: 'etag',
    });
  }
  const { state } = wanted;
  if (state !== 'ACTIVE' && state !== 'INACTIVE') {
    throw invalid('state', 'The state of an HMAC key can be set to ACTIVE or INACTIVE.');
  }
  if (key.state === 'DELETED') throw invalid('state', 'Cannot update a deleted HMAC key.');
  return changed(key, state, context.nowMs);
}

/** Only an inactive key is deleted: whoever still uses it must have noticed before. */
export function deletedKey(key: HmacKey, nowMs: number): HmacKey {
  if (key.state === 'INACTIVE') return changed(key, 'DELETED', nowMs);
  throw invalid('state', `Cannot delete keys in '${key.state}' state.`);
}

/** Whether it is there at all: a deleted key is forgotten in time. */
export function isShown(key: HmacKey, nowMs: number): boolean {
  return key.state !== 'DELETED' || nowMs < key.updatedMs + DELETED_KEY_SHOWN_MS;
}

function changed(key: HmacKey, state: HmacKeyState, nowMs: number): HmacKey {
  return { ...key, state, updatedMs: Math.max(nowMs, key.updatedMs), revision: key.revision + 1 };
}

function invalid(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}
