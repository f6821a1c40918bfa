/** True when `path` is `pattern`, or lies under it. `*` alone stands for one folder, inside a name for part of it. */
export function isUnder(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split('/'), pattern.split('/')];
  if (parts.length < wanted.length) return false;
  return wanted.every((want, index) => segmentMatches(parts[index] ?? '', want));
}

export function isUnderAny(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => isUnder(path, pattern));
}

function segmentMatches(segment: string, want: string): boolean {
  if (want === '*') return !segment.endsWith('.ts');
  const star = want.indexOf('*');
  if (star === -1) return segment === want;
  const [head, tail] = [want.slice(0, star), want.slice(star + 1)];
  return segment.length >= head.length + tail.length && segment.startsWith(head) && segment.endsWith(tail);
}
