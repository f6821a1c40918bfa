/**
 * Reader features whose tables this reader follows file by file: none of them hides a file in a place that `add`,
 * `cdc`, `sidecar` and deletion vectors do not name. `catalogManaged` is left out on purpose: there the catalog, not
 * the log, says which commits count.
 */
export const KNOWN_READER_FEATURES: ReadonlySet<string> = new Set([
  'columnMapping',
  'deletionVectors',
  'timestampNtz',
  'timestampNanos',
  'typeWidening',
  'typeWidening-preview',
  'v2Checkpoint',
  'vacuumProtocolCheck',
  'variantType',
  'variantType-preview',
  'variantShredding',
  'variantShredding-preview',
]);

const READER_VERSION_MAX = 3;

/** Why a table of this protocol must not be published, or undefined. */
export function protocolProblem(minReaderVersion: unknown, readerFeatures: unknown): string | undefined {
  const version = typeof minReaderVersion === 'bigint' ? Number(minReaderVersion) : minReaderVersion;
  if (typeof version !== 'number' || !Number.isInteger(version)) return 'a protocol action without minReaderVersion';
  if (version > READER_VERSION_MAX) return `minReaderVersion ${version} is newer than ${READER_VERSION_MAX}`;
  const features: readonly unknown[] = Array.isArray(readerFeatures) ? readerFeatures : [];
  const unknown = features.filter((feature) => typeof feature !== 'string' || !KNOWN_READER_FEATURES.has(feature));
  if (unknown.length === 0) return undefined;
  if (unknown.includes('catalogManaged') || unknown.includes('catalogOwned-preview')) {
    return 'reader feature catalogManaged: only its catalog knows which commits count';
  }
  return `unknown reader feature ${unknown.join(', ')}`;
}
