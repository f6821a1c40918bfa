/** The audit: is every name at a site what the cloud has? Both are read as any client reads them, page by page. */
import { crc32c } from '@node-rs/crc32';
import { StraitError } from '../model/errors.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { Remote, RemoteObject } from '../remotes/port.ts';
import type { Clock } from '../runtime/clock.ts';
import type { TableFormat, TableLocation } from '../tables/port.ts';

const DIFFERENCE_KINDS = ['missing', 'different', 'unexpected', 'unreadable'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly kind: DifferenceKind;
  readonly cloud?: string;
  readonly site?: string;
}

export interface VerifyReport {
  /** Nothing differs and nothing is behind. */
  readonly equal: boolean;
  /** When the audit began: what was at the cloud before then was compared. */
  readonly asOf: string;
  readonly objects: number;
  readonly bytes: number;
  /** Names whose newest state the site says it has not published yet. */
  readonly behind: number;
  /** Names the cloud has deleted that stay at the site for running readers. */
  readonly retiring: number;
  /** Tables mirrored as plain objects because their paths resolve nowhere: a warning. */
  readonly unresolved: readonly string[];
  /** The first `DIFFERENCES_MAX`. */
  readonly differences: readonly Difference[];
}

/** What the audit takes from the site's own status. */
export interface VerifyStatus {
  readonly caughtUp: boolean;
  readonly retiring: number;
  readonly tables: readonly TableLocation[];
  /** `gs://…/` of tables mirrored as plain objects. */
  readonly unresolved: readonly string[];
}

export interface VerifyDeps {
  readonly site: Remote;
  readonly cloud: Remote;
  readonly clock: Clock;
  /** They know which names never appear at a site: markers, heartbeats, locks. */
  readonly formats: readonly TableFormat[];
  /** Asked before and after the comparison: a name is *behind*, not different, while the site still has work. */
  readonly status: () => Promise<VerifyStatus>;
}

export interface VerifyOptions {
  /** Empty: every bucket the cloud lists. */
  readonly buckets: readonly BucketName[];
  /** Read every byte at the site and compute its CRC32C, instead of trusting the site's metadata. */
  readonly readsBytes: boolean;
  readonly onProgress?: (objects: number) => void;
}

const DIFFERENCES_MAX = 1_000;
/** Names that differed at first sight and are asked for together. */
const SUSPECTS_MAX = 1_000;
const SECOND_LOOK_MS = 500;

export async function verifySite(deps: VerifyDeps, options: VerifyOptions, signal: AbortSignal): Promise<VerifyReport> {
  const asOf = new Date(deps.clock.nowMs()).toISOString();
  const { tables } = await deps.status();
  const audit = new Audit(deps, { ...options, tables }, signal);
  const buckets = options.buckets.length > 0 ? options.buckets : await cloudBuckets(deps.cloud, signal);
  for (const bucket of buckets) await audit.compareBucket(bucket);
  await audit.lookAgain();
  const status = await deps.status();
  const isRetiring = status.retiring >= audit.found.unexpected;
  const kinds = DIFFERENCE_KINDS.filter((kind) => kind !== 'unexpected' || !isRetiring);
  const count = (some: readonly DifferenceKind[]) => some.reduce((sum, kind) => sum + audit.found[kind], 0);
  const shown = status.caughtUp ? kinds : kinds.filter((kind) => kind === 'unreadable');
  return {
    equal: count(kinds) === 0,
    asOf,
    objects: audit.objects,
    bytes: audit.bytes,
    behind: status.caughtUp ? 0 : count(kinds.filter((kind) => kind !== 'unreadable')),
    retiring: isRetiring ? audit.found.unexpected : 0,
    unresolved: status.unresolved,
    differences: audit.differences(shown),
  };
}

async function cloudBuckets(cloud: Remote, signal: AbortSignal): Promise<BucketName[]> {
  return (await cloud.listBuckets(signal)).map(({ name }) => name);
}

interface AuditOptions extends VerifyOptions {
  readonly tables: readonly TableLocation[];
}

class Audit {
  objects = 0;
  bytes = 0;
  readonly #deps: VerifyDeps;
  readonly #options: AuditOptions;
  readonly #signal: AbortSignal;
  readonly found: Record<DifferenceKind, number> = { missing: 0, different: 0, unexpected: 0, unreadable: 0 };
  /** The first `DIFFERENCES_MAX` of each kind: names that retire must not crowd out what is wrong. */
  readonly #differences = new Map<DifferenceKind, Difference[]>();
  #suspects: { readonly bucket: BucketName; readonly name: ObjectName }[] = [];

  constructor(deps: VerifyDeps, options: AuditOptions, signal: AbortSignal) {
    this.#deps = deps;
    this.#options = options;
    this.#signal = signal;
  }

  /** Two listings in name order, merged: memory is two pages. */
  async compareBucket(bucket: BucketName): Promise<void> {
    const cloud = names(this.#deps.cloud, bucket, this.#signal);
    const site = names(this.#deps.site, bucket, this.#signal);
    let left = await next(cloud);
    let right = await next(site);
    while (left !== undefined || right !== undefined) {
      const order = left === undefined ? 1 : right === undefined ? -1 : compareNames(left.name, right.name);
      const name = order <= 0 ? left?.name : right?.name;
      if (name !== undefined) await this.#compare(bucket, name, { left, right, order });
      if (order <= 0) left = await next(cloud);
      if (order >= 0) right = await next(site);
    }
  }

  async #compare(
    bucket: BucketName,
    name: ObjectName,
    pair: { readonly left: RemoteObject | undefined; readonly right: RemoteObject | undefined; readonly order: number },
  ): Promise<void> {
    if (this.#isNeverListed(bucket, name)) return;
    this.objects += 1;
    if (this.objects % 1000 === 0) this.#options.onProgress?.(this.objects);
    const isEqual = pair.order === 0 && sameObject(pair.left, pair.right);
    if (!isEqual) return this.#suspect(bucket, name);
    this.bytes += pair.right?.state.size ?? 0;
    if (this.#options.readsBytes && pair.right !== undefined && !(await this.#isReadable(bucket, pair.right))) {
      await this.#suspect(bucket, name);
    }
  }

  #isNeverListed(bucket: BucketName, name: ObjectName): boolean {
    return this.#options.tables.some((location) => {
      if (location.bucket !== bucket || !name.startsWith(location.prefix)) return false;
      const format = this.#deps.formats.find((candidate) => candidate.name === location.format);
      return format?.isNeverListed(location, name) === true;
    });
  }

  async #suspect(bucket: BucketName, name: ObjectName): Promise<void> {
    this.#suspects.push({ bucket, name });
    if (this.#suspects.length === SUSPECTS_MAX) await this.lookAgain();
  }

  /** The first `DIFFERENCES_MAX` of these kinds. */
  differences(kinds: readonly DifferenceKind[]): Difference[] {
    return kinds.flatMap((kind) => this.#differences.get(kind) ?? []).slice(0, DIFFERENCES_MAX);
  }

  #note(difference: Difference): void {
    this.found[difference.kind] += 1;
    const noted = this.#differences.get(difference.kind) ?? [];
    if (noted.length < DIFFERENCES_MAX) noted.push(difference);
    this.#differences.set(difference.kind, noted);
  }

  /** A live source moves while it is listed: what differed is asked for once more, name by name. */
  async lookAgain(): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    if (suspects.length > 0) await this.#deps.clock.sleep(SECOND_LOOK_MS, this.#signal);
    for (const { bucket, name } of suspects) {
      const cloud = await this.#deps.cloud.getObject(bucket, name, this.#signal);
      const site = await this.#deps.site.getObject(bucket, name, this.#signal);
      const kind = await this.#kindOf(bucket, cloud, site);
      if (kind === undefined) continue;
      this.#note({
        bucket,
        name,
        kind,
        ...(cloud === undefined ? {} : { cloud: describe(cloud) }),
        ...(site === undefined ? {} : { site: describe(site) }),
      });
    }
  }

  async #kindOf(
    bucket: BucketName,
    cloud: RemoteObject | undefined,
    site: RemoteObject | undefined,
  ): Promise<DifferenceKind | undefined> {
    if (cloud === undefined) return site === undefined ? undefined : 'unexpected';
    if (site === undefined) return 'missing';
    if (!sameObject(cloud, site)) return 'different';
    return !this.#options.readsBytes || (await this.#isReadable(bucket, site)) ? undefined : 'unreadable';
  }

  async #isReadable(bucket: BucketName, { name, state }: RemoteObject): Promise<boolean> {
    const range = { start: 0, end: state.size };
    let sum = 0;
    let size = 0;
    try {
      const request = { bucket, name, generation: state.generation, range };
      if (state.size > 0) {
        for await (const chunk of this.#deps.site.readRange(request, this.#signal)) {
          sum = crc32c(chunk, sum);
          size += chunk.length;
        }
      }
    } catch (error) {
      if (error instanceof StraitError) return false;
      throw error;
    }
    return size === state.size && sum === state.crc32c;
  }
}

async function* names(remote: Remote, bucket: BucketName, signal: AbortSignal): AsyncGenerator<RemoteObject> {
  let pageToken: string | undefined;
  do {
    const request = pageToken === undefined ? { maxResults: 1000 } : { maxResults: 1000, pageToken };
    const page = await remote.listObjects(bucket, request, signal);
    yield* page.objects;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

async function next(stream: AsyncGenerator<RemoteObject>): Promise<RemoteObject | undefined> {
  const { value, done } = await stream.next();
  return done === true ? undefined : value;
}

/** Generations are compared for equality only: they are the cloud's own numbers at both ends. */
function sameObject(left: RemoteObject | undefined, right: RemoteObject | undefined): boolean {
  return (
    left !== undefined &&
    right !== undefined &&
    left.state.generation === right.state.generation &&
    left.state.size === right.state.size &&
    left.state.crc32c === right.state.crc32c
  );
}

function describe({ state }: RemoteObject): string {
  return `#${state.generation}, ${state.size} bytes, crc32c ${state.crc32c.toString(16).padStart(8, '0')}`;
}

function compareNames(left: ObjectName, right: ObjectName): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
