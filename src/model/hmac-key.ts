export type HmacKeyState = 'ACTIVE' | 'INACTIVE' | 'DELETED';

/** What may be shown of an HMAC key of a service account. Its secret is never among it. */
export interface HmacKey {
  readonly accessId: string;
  readonly project: string;
  readonly serviceAccountEmail: string;
  readonly state: HmacKeyState;
  readonly timeCreatedMs: number;
  readonly updatedMs: number;
  /** Grows by one with each change: etags are made from it. */
  readonly revision: number;
}
