import { createHash, createHmac } from 'node:crypto';

/** AWS Signature Version 4 in headers, as S3 wants it: the path is escaped once, the payload's SHA-256 is stated. */

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** Escaped as it goes over the wire. */
  readonly path: string;
  /** Escaped `key=value` pairs, in any order. */
  readonly query: readonly string[];
  /** Lower-case names. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadSha256: string;
}

/** The headers to send: those given, and what the signature adds. */
export function signRequest(request: UnsignedRequest, keys: S3Keys, nowMs: number): Readonly<Record<string, string>> {
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${timestamp.slice(0, 8)}/${keys.region}/s3/aws4_request`;
  const stated = { host: request.host, 'x-amz-date': timestamp, 'x-amz-content-sha256': request.payloadSha256 };
  const headers: Readonly<Record<string, string>> = { ...request.headers, ...stated };
  const names = Object.keys(headers).toSorted();
  const canonical = [
    request.method,
    request.path,
    request.query.toSorted().join('&'),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    names.join(';'),
    request.payloadSha256,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
  const signature = hmac(signingKey(keys, timestamp.slice(0, 8)), text).toString('hex');
  const credential = `Credential=${keys.accessKeyId}/${scope}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

export function sha256(...pieces: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function signingKey({ secretAccessKey, region }: S3Keys, day: string): Buffer {
  const dayKey = hmac(`AWS4${secretAccessKey}`, day);
  return hmac(hmac(hmac(dayKey, region), 's3'), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
