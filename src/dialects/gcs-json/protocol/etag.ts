/**
 * Entity tags as GCS forms them in its JSON API: base64 of a protocol buffer with the generation as field 1 and the
 * metageneration as field 2 (buckets: the metageneration as field 1), so that a tag names one state of one object.
 */

export interface EtagVersion {
  /** As on the wire. */
  readonly generation: bigint;
  readonly metageneration: bigint;
}

export function objectEtag(version: EtagVersion): string {
  return Buffer.from([0x08, ...varint(version.generation), 0x10, ...varint(version.metageneration)]).toString('base64');
}

export function bucketEtag(metageneration: bigint): string {
  return Buffer.from([0x08, ...varint(metageneration)]).toString('base64');
}

/** The version an object's tag names; undefined when it is not one of ours. */
export function parseObjectEtag(etag: string): EtagVersion | undefined {
  const [generation, metageneration, ...rest] = parseFields(etag, [0x08, 0x10]) ?? [];
  if (generation === undefined || metageneration === undefined || rest.length > 0) return undefined;
  return { generation, metageneration };
}

export function parseBucketEtag(etag: string): bigint | undefined {
  return parseFields(etag, [0x08])?.[0];
}

/** Tags of an If-Match or If-None-Match header, without quotes and weakness marks; `*` stays `*`. */
export function parseEtagList(header: string): readonly string[] {
  return header
    .split(',')
    .map((tag) =>
      tag
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1'),
    )
    .filter((tag) => tag !== '');
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

function parseFields(etag: string, tags: readonly number[]): readonly bigint[] | undefined {
  const bytes = Buffer.from(etag, 'base64');
  if (bytes.toString('base64') !== etag) return undefined;
  const values: bigint[] = [];
  let at = 0;
  for (const tag of tags) {
    if (bytes[at] !== tag) return undefined;
    at += 1;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined || shift > 63n) return undefined;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    values.push(value);
  }
  return at === bytes.length ? values : undefined;
}
