/** Careful access to parsed but untrusted values: a control file is broken when a field has the wrong type. */

export type Fields = Readonly<Record<string, unknown>>;

/** Integers beyond 2^53 become bigint instead of losing digits: Iceberg snapshot ids are such. */
export function parseExactJson(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

export function asFields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is not an object`);
  return value as Fields;
}

export function optionalFields(value: unknown, what: string): Fields | undefined {
  return value === undefined || value === null ? undefined : asFields(value, what);
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is not a string`);
  return value;
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A number, or a bigint that is exactly a number. */
export function optionalNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
}

export function asNumber(value: unknown, what: string): number {
  const number = optionalNumber(value);
  if (number === undefined) throw new Error(`${what} is not a number`);
  return number;
}

/** Ids are compared as text: number and bigint forms of one id are then equal. */
export function idText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'bigint' ? value.toString() : undefined;
}

export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
