import type { NamespaceDeps, NamespaceSettings } from '../../src/namespace/deps.ts';
import { bindNamespace, type Namespace } from '../../src/namespace/service.ts';
import { type CrashPoints, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { MemoryBlobStore } from '../../src/stores/blobs/memory/memory-blob-store.ts';
import type { BlobStore } from '../../src/stores/blobs/port.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { eagerClock } from './eager-clock.ts';

export interface NamespaceFixture {
  readonly deps: NamespaceDeps;
  readonly namespace: Namespace;
  /** Moves the clock on by `ms`. */
  readonly pass: (ms: number) => void;
}

export interface FixtureParts {
  readonly metadata?: MetadataStore;
  readonly blobs?: BlobStore;
  readonly random?: Random;
  readonly crashPoints?: CrashPoints;
  readonly settings?: Partial<NamespaceSettings>;
  readonly readThrough?: NonNullable<NamespaceDeps['readThrough']>;
}

/** A namespace over the memory adapters, whose clock moves when told and whose sleepers never wait. */
export function namespaceFixture(parts: FixtureParts = {}): NamespaceFixture {
  const clock = eagerClock();
  const random = parts.random ?? seededRandom(1);
  const crashPoints = parts.crashPoints ?? noCrashPoints;
  const deps: NamespaceDeps = {
    metadata: parts.metadata ?? new MemoryMetadataStore({ clock, crashPoints }),
    blobs: parts.blobs ?? new MemoryBlobStore({ clock, random }),
    clock,
    random,
    crashPoints,
    logger: silentLogger,
    settings: {
      site: 'here',
      inlineBytesMax: 64,
      uploadTtlMs: 7 * 24 * 3_600_000,
      reapGraceMs: 3_600_000,
      ...parts.settings,
    },
    ...(parts.readThrough === undefined ? {} : { readThrough: parts.readThrough }),
  };
  return { deps, namespace: bindNamespace(deps), pass: clock.pass };
}

export async function* streamOf(...chunks: readonly (Uint8Array | string)[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Yields the chunks, then fails as a client's connection does. */
export async function* brokenStream(...chunks: readonly (Uint8Array | string)[]): AsyncIterable<Uint8Array> {
  yield* streamOf(...chunks);
  throw new Error('the connection was reset');
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
