import { crc32 } from 'node:zlib';
import { StraitError } from '../../../model/errors.ts';

/**
 * Page tokens are opaque to clients: a kind (one letter), a name, perhaps one of its versions, and a check sum that
 * tells ours from anything else. They carry no state, so they never expire and any gateway can answer the next page.
 */
export interface PagePosition {
  readonly kind: 'item' | 'prefix' | 'folder';
  readonly name: string;
  readonly version?: Uint8Array;
}

const LETTER = { item: 'i', prefix: 'p', folder: 'f' } as const;
const KINDS: Readonly<Record<string, PagePosition['kind']>> = { '1i': 'item', '1p': 'prefix', '1f': 'folder' };

export function encodePageToken({ kind, name, version }: PagePosition): string {
  const body =
    version === undefined
      ? Buffer.from(`1${LETTER[kind]}${name}`)
      : Buffer.concat([Buffer.from('1v'), Buffer.of(version.length), version, Buffer.from(name)]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([check, body]).toString('base64url');
}

/** `invalidArgument` for anything `encodePageToken` did not make. */
export function decodePageToken(token: string): PagePosition {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(4);
  const isOurs = bytes.length > 6 && bytes.readUInt32BE() === crc32(body) && bytes.toString('base64url') === token;
  const letter = body.toString('latin1', 0, 2);
  if (isOurs && letter === '1v') {
    const nameAt = 3 + (body[2] ?? 0);
    return { kind: 'item', name: body.toString('utf8', nameAt), version: Uint8Array.from(body.subarray(3, nameAt)) };
  }
  const kind = KINDS[letter];
  if (!isOurs || kind === undefined) {
    throw new StraitError('invalidArgument', 'Invalid page token.', { field: 'pageToken' });
  }
  return { kind, name: body.toString('utf8', 2) };
}
