import assert from 'node:assert/strict';
import type { NamedObject } from '../../src/model/object.ts';
import type { NamespaceDeps } from '../../src/namespace/deps.ts';
import { decodeJournal } from '../../src/namespace/rows/journal.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import { collect } from './namespace-fixture.ts';
import { chunked } from './patterned-bytes.ts';
import { BUCKET, bytesOf, COUNTER, type Intent, type Line, type Version, versionOf } from './write-workload.ts';

interface Session {
  readonly name: string;
  readonly version: Version;
  readonly persisted: number;
  /** Its last request was sent: the version may appear at any time. */
  isEnding: boolean;
}

/**
 * What killed writers said: what was acknowledged, and what was in hand. `check` holds a store to it: nothing
 * acknowledged is lost or altered, nothing in hand is half there.
 */
export class WriteLedger {
  acknowledged = 0;
  readonly #versions = new Map<string, Version>();
  readonly #generations = new Map<string, string>();
  readonly #inHand = new Map<number, Intent>();
  readonly #sessions = new Map<string, Session>();
  /** The session each writer ended last. */
  readonly #ending = new Map<number, string>();
  #counted = 0;
  #replayedSeq = 0n;
  readonly #replayed = new Map<string, bigint>();

  read(line: Line): void {
    switch (line.kind) {
      case 'begin':
        this.#inHand.set(line.writer, line.intent);
        return;
      case 'done': {
        const intent = this.#inHand.get(line.writer);
        assert.ok(intent !== undefined);
        this.#inHand.delete(line.writer);
        this.#accept(intent, line.generations);
        this.#sessions.delete(this.#ending.get(line.writer) ?? '');
        this.acknowledged += 1;
        return;
      }
      case 'session': {
        const { uploadId, name, version, persisted } = line;
        this.#sessions.set(uploadId, { name, version, persisted, isEnding: false });
        return;
      }
      case 'sessionEnd': {
        const session = this.#sessions.get(line.uploadId);
        if (session !== undefined) session.isEnding = true;
        this.#ending.set(line.writer, line.uploadId);
        return;
      }
      case 'counted':
        this.#counted = Math.max(this.#counted, line.value);
        this.acknowledged += 1;
        return;
      case 'error':
        assert.fail(line.message);
    }
  }

  /** Answers how many operations were in hand. They are settled afterwards, as the store has them. */
  async check(deps: NamespaceDeps): Promise<number> {
    const found = await this.#readAll(deps);
    const inHand = [...this.#inHand.values()];
    for (const intent of inHand) this.#settle(intent, found);
    this.#inHand.clear();
    for (const [name, { state }] of found) {
      if (name === COUNTER) continue;
      const expected = this.#versions.get(name);
      assert.ok(expected !== undefined, `${name} is there but was never written, or was deleted`);
      assert.deepEqual(versionOf(state), expected, name);
      const generation = this.#generations.get(name);
      assert.equal(state.generation.toString(), generation ?? state.generation.toString(), name);
      this.#generations.set(name, state.generation.toString());
    }
    for (const name of this.#versions.keys()) assert.ok(found.has(name), `${name} was acknowledged and is lost`);
    this.#checkCounter(found.get(COUNTER));
    await this.#checkBytes(deps, found);
    await this.#checkJournal(deps, found);
    await this.#checkSessions(deps);
    return inHand.length;
  }

  #accept(intent: Intent, generations: Readonly<Record<string, string>>): void {
    for (const [name, version] of Object.entries(intent.changes)) {
      this.#generations.delete(name);
      if (version === null) this.#versions.delete(name);
      else this.#versions.set(name, version);
    }
    for (const [name, generation] of Object.entries(generations)) this.#generations.set(name, generation);
  }

  /** An operation in hand happened whole, or not at all. */
  #settle(intent: Intent, found: ReadonlyMap<string, NamedObject>): void {
    const isAs = (name: string, version: Version | null | undefined): boolean => {
      const object = found.get(name);
      if (version === null || version === undefined) return object === undefined;
      return object !== undefined && JSON.stringify(versionOf(object.state)) === JSON.stringify(normal(version));
    };
    const changes = Object.entries(intent.changes);
    const isMade = changes.every(([name, version]) => isAs(name, version));
    const isUnmade = changes.every(([name]) => isAs(name, this.#versions.get(name)));
    assert.ok(isMade || isUnmade, `half of it is visible: ${JSON.stringify(intent)}`);
    if (isMade) this.#accept(intent, {});
  }

  async #readAll(deps: NamespaceDeps): Promise<Map<string, NamedObject>> {
    const { items, nextAfter } = await bindNamespace(deps).listObjects({ bucket: BUCKET, maxResults: 1_000 });
    assert.equal(nextAfter, undefined);
    return new Map(items.map((item) => [item.name, item]));
  }

  async #checkBytes(deps: NamespaceDeps, found: ReadonlyMap<string, NamedObject>): Promise<void> {
    const namespace = bindNamespace(deps);
    const { signal } = new AbortController();
    for (const [name, object] of found) {
      const range = { start: 0, end: object.state.size };
      const bytes = await collect(namespace.openObject({ object, range, signal }));
      const expected =
        name === COUNTER ? Buffer.from(object.state.metadata?.['value'] ?? '') : bytesOf(versionOf(object.state).parts);
      assert.ok(bytes.equals(expected), `the bytes of ${name} are not those that were written`);
    }
  }

  /** At most two counters can have been in hand when the process died. */
  #checkCounter(object: NamedObject | undefined): void {
    const value = Number(object?.state.metadata?.['value'] ?? '0');
    assert.ok(value >= this.#counted && value <= this.#counted + 2, `counted ${this.#counted}, found ${value}`);
    this.#counted = value;
  }

  /** The journal, replayed, is what a listing shows; its numbers are dense. */
  async #checkJournal(deps: NamespaceDeps, found: ReadonlyMap<string, NamedObject>): Promise<void> {
    const { scopeId } = await bindNamespace(deps).getBucket({ name: BUCKET, preconditions: {} });
    const head = await deps.metadata.head(scopeId);
    const stop = new AbortController();
    if (head === this.#replayedSeq) stop.abort();
    for await (const { seq, value } of deps.metadata.tail(scopeId, this.#replayedSeq, stop.signal)) {
      assert.equal(seq, this.#replayedSeq + 1n);
      this.#replayedSeq = seq;
      const { record, generation } = decodeJournal(value);
      if (record.op === 'insert') this.#replayed.set(record.name, generation);
      if (record.op === 'delete') this.#replayed.delete(record.name);
      if (seq === head) stop.abort();
    }
    const listed = [...found].map(([name, { state }]): [string, bigint] => [name, state.generation]);
    assert.deepEqual(new Map([...this.#replayed].sort()), new Map(listed.sort()));
  }

  /** What a session acknowledged is still there, and the session can be finished. */
  async #checkSessions(deps: NamespaceDeps): Promise<void> {
    const namespace = bindNamespace(deps);
    for (const [uploadId, { name, version, persisted, isEnding }] of this.#sessions) {
      this.#sessions.delete(uploadId);
      const status = await namespace.uploadStatus(uploadId);
      if (status.kind === 'finished') {
        assert.ok(isEnding, 'nobody asked to finish this upload');
        // Asking finished what the crash left sealed, unless it was committed before.
        this.#accept({ op: 'upload', changes: { [name]: version } }, { [name]: `${status.object.state.generation}` });
        continue;
      }
      assert.ok(status.persisted >= persisted, `${persisted} bytes were acknowledged, ${status.persisted} are there`);
      const body = bytesOf(version.parts);
      const rest = chunked(body.subarray(status.persisted));
      const ended = await namespace.appendUpload({
        uploadId,
        offset: status.persisted,
        total: body.length,
        body: rest,
      });
      assert.equal(ended.kind, 'finished');
      const generation = ended.kind === 'finished' ? `${ended.object.state.generation}` : '';
      this.#accept({ op: 'upload', changes: { [name]: version } }, { [name]: generation });
    }
  }
}

/** As it comes back from its metadata: the same order of fields. */
const normal = ({ label, parts }: Version): Version => ({ label, parts });
