/**
 * Writers that say what they are about to do before they do it, and that it was acknowledged after: so that whoever
 * reads their lines knows, when they are killed, what must be there and what may.
 */
import type { NamedObject } from '../../src/model/object.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { reapOnce } from '../../src/namespace/reap.ts';
import { bindNamespace, type Namespace } from '../../src/namespace/service.ts';
import { seededRandom } from '../../src/runtime/random.ts';
import { chunked, patterned } from './patterned-bytes.ts';

export const BUCKET = 'lake';
export const COUNTER = 'counter';
/** Pattern seed and length of each run of bytes. */
export type Parts = readonly (readonly [seed: number, length: number])[];

export interface Version {
  readonly parts: Parts;
  readonly label: string;
}

/** One mutation: every name it changes, all or none. `null`: the name goes. */
export interface Intent {
  readonly op: string;
  readonly changes: Readonly<Record<string, Version | null>>;
}

export type Line =
  | { readonly kind: 'begin'; readonly writer: number; readonly intent: Intent }
  /** Acknowledged, with the generations of the names that are there. */
  | { readonly kind: 'done'; readonly writer: number; readonly generations: Readonly<Record<string, string>> }
  /** A resumable session for the intended version of a name, and what of it was acknowledged as persisted. */
  | {
      readonly kind: 'session';
      readonly uploadId: string;
      readonly name: string;
      readonly version: Version;
      readonly persisted: number;
    }
  /** Its last request is next: from then on the version may appear. */
  | { readonly kind: 'sessionEnd'; readonly writer: number; readonly uploadId: string }
  | { readonly kind: 'counted'; readonly value: number }
  | { readonly kind: 'error'; readonly message: string };

export function bytesOf(parts: Parts): Buffer {
  return Buffer.concat(parts.map(([seed, length]) => patterned(length, seed)));
}

const NAMES_PER_WRITER = 10;
const CHUNK_BYTES = 256 * 1024;
const SIZES = [0, 10, 2_000, 16_384, 16_385, 60_000, 400_000];

/** Writes until it is killed. Each writer has names of its own; all of them count on one shared name. */
export async function writeForever(deps: NamespaceDeps, seed: number, say: (line: Line) => void): Promise<void> {
  const namespace = bindNamespace(deps);
  const writers = Array.from({ length: 6 }, (_, writer) => new Writer({ namespace, writer, seed, say }));
  const { signal } = new AbortController();
  const reap = async () => {
    for (;;) {
      await reapOnce(deps, signal);
      await deps.clock.sleep(20);
    }
  };
  await Promise.all([...writers.map((writer) => writer.run()), count(namespace, say), count(namespace, say), reap()]);
}

/** Adds one to a number that others add to as well, each under the generation it read. */
async function count(namespace: Namespace, say: (line: Line) => void): Promise<void> {
  for (;;) {
    const current = await namespace
      .getObject({ address: { bucket: BUCKET, name: COUNTER }, preconditions: {} })
      .catch(() => undefined);
    const value = Number(current?.state.metadata?.['value'] ?? '0') + 1;
    const target = {
      bucket: BUCKET,
      name: COUNTER,
      attributes: { metadata: { value: `${value}` } },
      preconditions: { ifGenerationMatch: current?.state.generation ?? 0n },
      expected: {},
    };
    const counted = await namespace.insertObject({ target, body: chunked(Buffer.from(`${value}`)) }).then(
      () => true,
      (error) => {
        if (error.code === 'preconditionFailed') return false;
        throw error;
      },
    );
    if (counted) say({ kind: 'counted', value });
  }
}

interface WriterParts {
  readonly namespace: Namespace;
  readonly writer: number;
  readonly seed: number;
  readonly say: (line: Line) => void;
}

class Writer {
  readonly #namespace: Namespace;
  readonly #writer: number;
  readonly #say: (line: Line) => void;
  readonly #random: () => number;
  readonly #versions = new Map<string, Version>();

  constructor({ namespace, writer, seed, say }: WriterParts) {
    this.#namespace = namespace;
    this.#writer = writer;
    this.#say = say;
    this.#random = seededRandom(seed * 100 + writer).unit;
  }

  async run(): Promise<void> {
    await this.#learn();
    const operations = [
      () => this.#put(),
      () => this.#put(),
      () => this.#remove(),
      () => this.#copy(),
      () => this.#move(),
      () => this.#compose(),
      () => this.#patch(),
      () => this.#upload(),
    ];
    for (;;) await operations[this.#below(operations.length)]?.();
  }

  /** What earlier runs left, from the labels and patterns kept in the metadata. */
  async #learn(): Promise<void> {
    const prefix = `w${this.#writer}/`;
    const { items } = await this.#namespace.listObjects({ bucket: BUCKET, prefix, maxResults: 1_000 });
    for (const { name, state } of items) this.#versions.set(name, versionOf(state));
  }

  async #put(): Promise<void> {
    const version = this.#newVersion();
    const name = this.#anyName();
    await this.#acknowledged('put', { [name]: version }, async () => [await this.#insert(name, version)]);
  }

  async #insert(name: string, version: Version): Promise<NamedObject> {
    const target = { bucket: BUCKET, name, attributes: attributesOf(version), preconditions: {}, expected: {} };
    return this.#namespace.insertObject({ target, body: chunked(bytesOf(version.parts)) });
  }

  async #remove(): Promise<void> {
    const name = this.#someName();
    if (name === undefined) return;
    await this.#acknowledged('delete', { [name]: null }, async () => {
      await this.#namespace.deleteObject({ address: { bucket: BUCKET, name }, preconditions: {} });
      return [];
    });
  }

  async #copy(): Promise<void> {
    const [from, to] = [this.#someName(), this.#anyName()];
    const version = from === undefined ? undefined : this.#versions.get(from);
    if (from === undefined || version === undefined) return;
    const run = async () => [await this.#namespace.copyObject(request(from, to))];
    await this.#acknowledged('copy', { [to]: version }, run);
  }

  async #move(): Promise<void> {
    const [from, to] = [this.#someName(), this.#anyName()];
    const version = from === undefined ? undefined : this.#versions.get(from);
    if (from === undefined || version === undefined || from === to) return;
    const run = async () => [await this.#namespace.moveObject(request(from, to))];
    await this.#acknowledged('move', { [from]: null, [to]: version }, run);
  }

  async #compose(): Promise<void> {
    const names = [...this.#versions.keys()];
    const sources = Array.from({ length: 1 + this.#below(4) }, () => names[this.#below(names.length)] ?? '');
    const parts = sources.flatMap((name) => this.#versions.get(name)?.parts ?? []);
    if (names.length === 0 || parts.length > 60 || lengthOf(parts) > 2_000_000) return;
    const to = this.#anyName();
    const deleteSources = this.#below(2) === 0;
    const version = { parts, label: this.#label() };
    const changes: Record<string, Version | null> = {};
    if (deleteSources) for (const name of sources) changes[name] = null;
    changes[to] = version;
    await this.#acknowledged('compose', changes, async () => [
      await this.#namespace.composeObject({
        destination: { bucket: BUCKET, name: to },
        attributes: attributesOf(version),
        preconditions: {},
        sources: sources.map((name) => ({ name })),
        deleteSources,
      }),
    ]);
  }

  async #patch(): Promise<void> {
    const name = this.#someName();
    const current = name === undefined ? undefined : this.#versions.get(name);
    if (name === undefined || current === undefined) return;
    const version = { ...current, label: this.#label() };
    await this.#acknowledged('patch', { [name]: version }, async () => [
      await this.#namespace.changeObject({
        address: { bucket: BUCKET, name },
        preconditions: {},
        change: () => attributesOf(version),
      }),
    ]);
  }

  async #upload(): Promise<void> {
    const version = {
      parts: [[1 + this.#below(1e6), 10 + this.#below(3 * CHUNK_BYTES)] as const],
      label: this.#label(),
    };
    const name = this.#anyName();
    const body = bytesOf(version.parts);
    const target = { bucket: BUCKET, name, attributes: attributesOf(version), preconditions: {}, expected: {} };
    const { uploadId } = await this.#namespace.startUpload(target);
    this.#say({ kind: 'session', uploadId, name, version, persisted: 0 });
    let offset = 0;
    for (; offset + CHUNK_BYTES < body.length; offset += CHUNK_BYTES) {
      const end = offset + CHUNK_BYTES;
      await this.#namespace.appendUpload({ uploadId, offset, end, body: chunked(body.subarray(offset, end), 65_536) });
      this.#say({ kind: 'session', uploadId, name, version, persisted: end });
    }
    this.#say({ kind: 'sessionEnd', writer: this.#writer, uploadId });
    await this.#acknowledged('upload', { [name]: version }, async () => {
      const rest = chunked(body.subarray(offset), 65_536);
      const ended = await this.#namespace.appendUpload({ uploadId, offset, total: body.length, body: rest });
      if (ended.kind !== 'finished') throw new Error('the last chunk did not finish the upload');
      return [ended.object];
    });
  }

  async #acknowledged(op: string, changes: Intent['changes'], run: () => Promise<NamedObject[]>): Promise<void> {
    this.#say({ kind: 'begin', writer: this.#writer, intent: { op, changes } });
    const made = await run();
    const generations = Object.fromEntries(made.map(({ name, state }) => [name, state.generation.toString()]));
    this.#say({ kind: 'done', writer: this.#writer, generations });
    for (const [name, version] of Object.entries(changes)) {
      if (version === null) this.#versions.delete(name);
      else this.#versions.set(name, version);
    }
  }

  #newVersion(): Version {
    return { parts: [[1 + this.#below(1e6), SIZES[this.#below(SIZES.length)] ?? 0]], label: this.#label() };
  }

  #label = () => `l${this.#below(1e6)}`;
  #below = (bound: number) => Math.floor(this.#random() * bound);
  #anyName = () => `w${this.#writer}/${this.#below(NAMES_PER_WRITER)}`;
  #someName = () => [...this.#versions.keys()][this.#below(this.#versions.size)];
}

function request(from: string, to: string) {
  return {
    source: { bucket: BUCKET, name: from },
    sourcePreconditions: {},
    destination: { bucket: BUCKET, name: to },
    preconditions: {},
  };
}

function lengthOf(parts: Parts): number {
  return parts.reduce((sum, [, length]) => sum + length, 0);
}

/** The recipe of the bytes goes along as metadata, so that whoever finds the object can tell what it must hold. */
export function attributesOf(version: Version) {
  return { metadata: { label: version.label, parts: JSON.stringify(version.parts) } };
}

export function versionOf(state: NamedObject['state']): Version {
  return { label: state.metadata?.['label'] ?? '', parts: JSON.parse(state.metadata?.['parts'] ?? '[]') };
}
