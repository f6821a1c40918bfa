/** One path segment or query value: every byte of its UTF-8 that RFC 3986 does not call unreserved is escaped. */
export function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `?a=1&b=2`, absent values left out; empty when nothing remains. */
export function encodeQuery(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const parts = Object.entries(parameters).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeSegment(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
