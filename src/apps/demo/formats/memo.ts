/**
 * Remembers what a buffer parsed to, for as long as the buffer lives. Readers that poll keep the bytes of immutable
 * control files; with this they do not parse them again either. `parse` must depend on the bytes alone.
 */
export function memoByBytes<T extends object>(parse: (bytes: Uint8Array) => T): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T>();
  return (bytes) => {
    const found = known.get(bytes);
    if (found !== undefined) return found;
    const parsed = parse(bytes);
    known.set(bytes, parsed);
    return parsed;
  };
}
