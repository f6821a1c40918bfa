import { StraitError } from '../model/errors.ts';
import type { HmacKey } from '../model/hmac-key.ts';
import type { Append, Check, MetadataView, Row, Write } from '../stores/metadata/port.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { PRESENT } from './rows/codec.ts';
import {
  decodeHmacAccount,
  decodeHmacKey,
  encodeHmacAccount,
  encodeHmacKey,
  encodeHmacSecret,
} from './rows/hmac-rows.ts';
import { CONTROL_JOURNAL, encodeJournal, type JournalRecord } from './rows/journal.ts';
import {
  hmacAccessIdOf,
  hmacAccountKey,
  hmacKeyKey,
  hmacKeyOfKey,
  hmacKeysOf,
  hmacSecretKey,
  justAfter,
} from './rows/keys.ts';
import { unchanged } from './rows/references.ts';
import {
  ACCESS_ID,
  ACCESS_ID_RANDOM_BYTES,
  accessIdOf,
  assertKeyOwner,
  assertRoomForKey,
  deletedKey,
  isShown,
  keyInState,
  SECRET_BYTES,
} from './rules/hmac-key.ts';

/** HMAC keys of service accounts, with which S3 clients sign. Keys belong to a project and to no bucket. */

export interface HmacKeyAddress {
  readonly project: string;
  readonly accessId: string;
}

/** The one time the secret is told. */
export async function createHmacKey(
  deps: NamespaceDeps,
  input: { readonly project: string; readonly serviceAccountEmail: string },
): Promise<{ readonly key: HmacKey; readonly secret: string }> {
  const { project, serviceAccountEmail } = input;
  assertKeyOwner(project, serviceAccountEmail);
  return decideAndCommit(deps, async () => {
    const account = await readAccount(deps.metadata, input);
    assertRoomForKey(account.liveKeys, serviceAccountEmail);
    const nowMs = deps.clock.nowMs();
    const accessId = accessIdOf(deps.random.bytes(ACCESS_ID_RANDOM_BYTES));
    const times = { timeCreatedMs: nowMs, updatedMs: nowMs };
    const key: HmacKey = { accessId, project, serviceAccountEmail, state: 'ACTIVE', ...times, revision: 1 };
    const secret = Buffer.from(deps.random.bytes(SECRET_BYTES)).toString('base64');
    const transaction = {
      checks: [account.unchanged, { kind: 'absent' as const, key: hmacKeyKey(accessId) }],
      writes: [
        ...(await forgottenKeys(deps, input, nowMs)),
        putKey(key),
        put(hmacSecretKey(accessId), encodeHmacSecret(secret)),
        put(hmacKeyOfKey(key), PRESENT),
        put(account.key, encodeHmacAccount(account.liveKeys + 1)),
      ],
      appends: [entry('hmacKeyInsert', key)],
    };
    return { kind: 'commit', transaction, result: () => ({ key, secret }) };
  });
}

/** Deleted keys of an account whose time is over go when it gets another. Few enough to go in one transaction. */
const FORGOTTEN_KEYS_MAX = 100;

async function forgottenKeys(
  deps: NamespaceDeps,
  account: { readonly project: string; readonly serviceAccountEmail: string },
  nowMs: number,
): Promise<readonly Write[]> {
  const index = await deps.metadata.scan(hmacKeysOf(account.project, account.serviceAccountEmail), {
    limit: FORGOTTEN_KEYS_MAX,
  });
  const keys = await readIndexed(deps.metadata, index);
  return keys
    .filter((key) => !isShown(key, nowMs))
    .flatMap((key) => [
      { kind: 'delete' as const, key: hmacKeyKey(key.accessId) },
      { kind: 'delete' as const, key: hmacKeyOfKey(key) },
    ]);
}

export async function getHmacKey(deps: NamespaceDeps, address: HmacKeyAddress): Promise<HmacKey> {
  return (await readKey(deps, address)).key;
}

export interface ListHmacKeysInput {
  readonly project: string;
  readonly serviceAccountEmail?: string;
  readonly showDeleted: boolean;
  readonly maxResults: number;
  /** From `nextAfter`. */
  readonly after?: HmacKeyPosition;
}

export interface HmacKeyPosition {
  readonly serviceAccountEmail: string;
  readonly accessId: string;
}

export interface HmacKeyPage {
  readonly keys: readonly HmacKey[];
  /** Set when there may be more: the last key this page looked at. */
  readonly nextAfter?: HmacKeyPosition;
}

const SCAN_ROWS = 200;
/** A page ends after this many rows, full or not: deleted keys must not make it endless. */
const SCANNED_ROWS_MAX = 2_000;

/** In the order of account and access id. */
export async function listHmacKeys(deps: NamespaceDeps, input: ListHmacKeysInput): Promise<HmacKeyPage> {
  const { project, after } = input;
  const nowMs = deps.clock.nowMs();
  const { start, end } = hmacKeysOf(project, input.serviceAccountEmail);
  const keys: HmacKey[] = [];
  const first = after === undefined ? start : justAfter(hmacKeyOfKey({ project, ...after }));
  return deps.metadata.snapshot(async (view) => {
    let from = Buffer.compare(first, start) < 0 ? start : first;
    for (let scanned = 0; ; ) {
      if (Buffer.compare(from, end) >= 0) return { keys };
      const index = await view.scan({ start: from, end }, { limit: SCAN_ROWS });
      const found = await readIndexed(view, index);
      for (const [at, key] of found.entries()) {
        if (isShown(key, nowMs) && (input.showDeleted || key.state !== 'DELETED')) keys.push(key);
        scanned += 1;
        const isMore = at + 1 < found.length || index.length === SCAN_ROWS;
        if (isMore && (keys.length === input.maxResults || scanned === SCANNED_ROWS_MAX)) {
          const { serviceAccountEmail, accessId } = key;
          return { keys, nextAfter: { serviceAccountEmail, accessId } };
        }
      }
      const last = index.at(-1);
      if (last === undefined || index.length < SCAN_ROWS) return { keys };
      from = justAfter(last.key);
    }
  });
}

export async function updateHmacKey(
  deps: NamespaceDeps,
  input: {
    readonly address: HmacKeyAddress;
    readonly state: string | undefined;
    readonly etag?: string;
    /** The dialect's etag of a revision. */
    readonly etagOf: (key: HmacKey) => string;
  },
): Promise<HmacKey> {
  return decideAndCommit(deps, async () => {
    const { key, unchanged: check } = await readKey(deps, input.address);
    const after = keyInState(key, input, { etag: input.etagOf(key), nowMs: deps.clock.nowMs() });
    const transaction = { checks: [check], writes: [putKey(after)], appends: [entry('hmacKeyPatch', after)] };
    return { kind: 'commit', transaction, result: () => after };
  });
}

/** The secret goes at once; that the key was there is shown for a while. */
export async function deleteHmacKey(deps: NamespaceDeps, address: HmacKeyAddress): Promise<void> {
  await decideAndCommit(deps, async () => {
    const { key, unchanged: check } = await readKey(deps, address);
    const after = deletedKey(key, deps.clock.nowMs());
    const account = await readAccount(deps.metadata, key);
    const transaction = {
      checks: [check, account.unchanged],
      writes: [
        putKey(after),
        { kind: 'delete' as const, key: hmacSecretKey(key.accessId) },
        put(account.key, encodeHmacAccount(Math.max(0, account.liveKeys - 1))),
      ],
      appends: [entry('hmacKeyDelete', after)],
    };
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

async function readKey(deps: NamespaceDeps, address: HmacKeyAddress): Promise<{ key: HmacKey; unchanged: Check }> {
  const { project, accessId } = address;
  const rowKey = hmacKeyKey(accessId);
  const [row] = ACCESS_ID.test(accessId) ? await deps.metadata.get([rowKey]) : [];
  const key = row === undefined ? undefined : decodeHmacKey(row.value);
  if (key === undefined || key.project !== project || !isShown(key, deps.clock.nowMs())) {
    throw new StraitError('notFound', `Access ID not found in project ${project.slice(0, 100)}.`, { what: 'HMAC key' });
  }
  return { key, unchanged: unchanged(rowKey, row) };
}

async function readAccount(
  view: MetadataView,
  { project, serviceAccountEmail }: { readonly project: string; readonly serviceAccountEmail: string },
): Promise<{ key: Uint8Array; liveKeys: number; unchanged: Check }> {
  const key = hmacAccountKey(project, serviceAccountEmail);
  const [row] = await view.get([key]);
  return { key, liveKeys: row === undefined ? 0 : decodeHmacAccount(row.value), unchanged: unchanged(key, row) };
}

async function readIndexed(view: MetadataView, index: readonly Row[]): Promise<readonly HmacKey[]> {
  const rows = await view.get(index.map(({ key }) => hmacKeyKey(hmacAccessIdOf(key))));
  return rows.flatMap((row) => (row === undefined ? [] : [decodeHmacKey(row.value)]));
}

const put = (key: Uint8Array, value: Uint8Array): Write => ({ kind: 'put', key, value });
const putKey = (key: HmacKey): Write => put(hmacKeyKey(key.accessId), encodeHmacKey(key));

function entry(op: Extract<JournalRecord, { accessId: string }>['op'], key: HmacKey): Append {
  const { accessId, project, serviceAccountEmail, state, updatedMs: timeMs } = key;
  return {
    journal: CONTROL_JOURNAL,
    value: encodeJournal({ op, accessId, project, serviceAccountEmail, state, timeMs }),
  };
}
