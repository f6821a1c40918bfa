/** A gateway on memory stores that is filled, asked anything, and watched. */

import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { CommitOutcome, Transaction } from '../../src/stores/metadata/port.ts';
import { type Answer, httpCall } from '../support/http-call.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';
import type { FuzzRequest, World } from './make-request.ts';

/** Counts what was written, so that an error that wrote something is noticed, and what the process keeps of it. */
class CountingStore extends MemoryMetadataStore {
  commits = 0;
  entries = 0;

  override async commit(transaction: Transaction): Promise<CommitOutcome> {
    const outcome = await super.commit(transaction);
    if (outcome.kind !== 'committed') return outcome;
    if (transaction.writes.length > 0) this.commits += 1;
    this.entries += transaction.appends?.length ?? 0;
    return outcome;
  }
}

const BUCKETS = ['fuzzed-one', 'fuzzed-two'];
const OBJECTS = ['o', 'dir/o', 'dir/sub/o', 'gzipped', 'ö?#%2F'];
const REMEMBERED_MAX = 50;

export class FuzzedGateway implements World {
  readonly #gateway: MemoryGateway;
  readonly #store: CountingStore;
  readonly names = new Map<string, string[]>();
  generations: string[] = [];
  pageTokens: string[] = [];
  uploads: string[] = [];
  /** What `request failed` lines said: an error that nobody foresaw. */
  readonly failures: string[];

  private constructor(gateway: MemoryGateway, store: CountingStore, failures: string[]) {
    this.#gateway = gateway;
    this.#store = store;
    this.failures = failures;
    for (const name of ['bucket', 'destinationBucket', 'sourceBucket']) this.names.set(name, BUCKETS);
    for (const name of ['object', 'destinationObject', 'sourceObject']) this.names.set(name, OBJECTS);
    this.names.set('entity', ['allUsers', 'user-a@example.com', 'project-owners-1']);
    this.names.set('projectId', ['p']);
    for (const name of ['folder', 'managedFolder', 'destinationFolder', 'sourceFolder']) this.names.set(name, ['dir/']);
  }

  static async start(): Promise<FuzzedGateway> {
    const failures: string[] = [];
    const store = new CountingStore({ clock: systemClock, crashPoints: noCrashPoints });
    const log = (level: string, message: string, fields?: object) => {
      if (level === 'error') failures.push(`${message}: ${JSON.stringify(fields)}`);
    };
    const logger = { log, child: () => logger };
    const gateway = await startMemoryGateway({ metadata: store, logger });
    const fuzzed = new FuzzedGateway(gateway, store, failures);
    await fuzzed.fill();
    return fuzzed;
  }

  get commits(): number {
    return this.#store.commits;
  }

  /** Entries of journals, which are kept for ever: in memory here. */
  get journalEntries(): number {
    return this.#store.entries;
  }

  get url(): string {
    return this.#gateway.url;
  }

  /** Puts back what the requests have deleted. */
  async fill(): Promise<void> {
    const { url } = this.#gateway;
    for (const [index, name] of BUCKETS.entries()) {
      const versioning = { enabled: index === 1 };
      await httpCall(url, 'POST', '/storage/v1/b?project=p', { body: { name, versioning } });
      for (const object of OBJECTS) {
        const path = `/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}`;
        await httpCall(url, 'POST', path, { body: Buffer.from(`content of ${object}`) });
      }
    }
  }

  async send(request: FuzzRequest): Promise<Answer> {
    const answer = await httpCall(this.#gateway.url, request.method, targetOf(request), {
      headers: { ...request.headers, ...lengthOf(request) },
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    this.#learn(answer);
    return answer;
  }

  close(): Promise<void> {
    return this.#gateway.close();
  }

  #learn(answer: Answer): void {
    const location = answer.headers.location;
    if (location !== undefined) this.uploads = remember(this.uploads, new URL(location).searchParams.get('upload_id'));
    if (!(answer.headers['content-type'] ?? '').startsWith('application/json') || answer.status >= 400) return;
    const { generation, metageneration, nextPageToken, accessId, id } = Object(parse(answer.text));
    for (const number of [generation, metageneration]) this.generations = remember(this.generations, number);
    this.pageTokens = remember(this.pageTokens, nextPageToken);
    this.names.set('accessId', remember(this.names.get('accessId') ?? [], accessId));
    this.names.set('notification', remember(this.names.get('notification') ?? [], id));
  }
}

/** Said outright: of a GET or DELETE with a body the client would say nothing. */
function lengthOf({ body }: FuzzRequest): Readonly<Record<string, string>> {
  return body === undefined ? {} : { 'Content-Length': String(body.length) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function remember(known: readonly string[], value: unknown): string[] {
  return typeof value === 'string' ? [...known, value].slice(-REMEMBERED_MAX) : [...known];
}

/** The raw target. What is no UTF-8 when encoded is sent as the bytes it would be. */
export function targetOf({ segments, query }: FuzzRequest): string {
  const path = segments.map(encode).join('/');
  const text = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return `/${path}${text === '' ? '' : `?${text}`}`;
}

function encode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}
