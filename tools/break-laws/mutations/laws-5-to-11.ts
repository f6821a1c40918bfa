/** Owners, what readers see, progress, deletes, access and memory. */
import type { Mutation } from '../mutation.ts';
import {
  BUCKETS,
  COMMAND,
  DELTA_LOOK,
  HTTP_SERVER,
  ICEBERG_FORMAT,
  LARGE_TABLES,
  NEVER,
  SERVICE_SETTINGS,
  SITE_READS,
  SITE_WRITES,
  SYNC,
  SYNC_RACES,
  TABLES,
  TWO_SITES,
} from './tests.ts';

export const LAW_5: readonly Mutation[] = [
  {
    id: 'anybody-writes',
    law: 5,
    breaks: "a site writes to another's bucket",
    file: 'src/namespace/object-access.ts',
    find: 'if (bucket.owner === deps.settings.site) return;',
    replace: 'if (bucket.owner !== undefined) return;',
    tests: [{ test: BUCKETS, only: 'a site refuses to change', red: /Missing expected rejection/ }],
  },
  {
    id: 'follower-makes-buckets',
    law: 5,
    breaks: 'a site that follows a cloud makes buckets of its own, whose names the cloud may have',
    file: 'src/namespace/buckets.ts',
    find: 'if (deps.settings.followsCloud === true) throw',
    replace: "if (input.name === '') throw",
    tests: [{ test: BUCKETS, only: 'a site refuses to change', red: /Missing expected rejection/ }],
  },
  {
    id: 'site-passes-writes-on',
    law: 5,
    breaks: 'a site lets the methods judge that change a bucket it follows',
    file: 'src/dialects/gcs-json/elsewhere/any-site.ts',
    find: 'if (site === undefined) return;',
    replace: 'if (site !== id) return;',
    tests: [{ test: SITE_WRITES, only: 'objects.patch', red: /says where to write/ }],
  },
];

const ONE_A_SECOND = 'commits a second apart';

export const LAW_6: readonly Mutation[] = [
  {
    id: 'data-not-gathered',
    law: 6,
    breaks: 'a version is published before the files it reaches are looked for',
    file: 'src/sync/gather.ts',
    find: 'await this.#gatherData();',
    replace: '',
    tests: [
      { test: SYNC, only: 'a commit appears whole', red: /AssertionError/ },
      { test: TABLES, only: 'delta', red: /a reader misses/ },
      { test: TWO_SITES, only: ONE_A_SECOND, red: /AssertionError/ },
    ],
  },
  {
    id: 'missing-file-forgiven',
    law: 6,
    breaks: 'a version is published although one of its files is not at the source yet',
    file: 'src/sync/gather.ts',
    find: "if (this.#missing.size > 0) return { kind: 'missing', names: [...this.#missing] };",
    replace: '',
    tests: [{ test: SYNC, only: 'a commit appears whole', red: /AssertionError|not reached/ }],
  },
  {
    id: 'later-versions-told',
    law: 6,
    breaks: 'a listing of versions tells what came after the version a site shows',
    file: 'src/namespace/rules/past-versions.ts',
    find: 'if (at >= 0) return versions.slice(0, at);',
    replace: '',
    tests: [{ test: SITE_READS, only: 'of a name the versions up to', red: /AssertionError/ }],
  },
  {
    id: 'control-listed-loosely',
    law: 6,
    breaks: 'log entries and hints are listed like any loose name, ahead of their version',
    file: 'src/sync/settle.ts',
    find: 'return !isControl || isShown || isStray() ?',
    replace: 'return name.length > 0 || isShown || isStray() ?',
    tests: [{ test: SYNC, only: 'a commit appears whole|random history', red: /AssertionError/ }],
  },
  {
    id: 'staged-names-shown',
    law: 6,
    breaks: 'names of a set that is still being staged are visible',
    file: 'src/model/faces.ts',
    find: 'faces.setId !== undefined && isFlipped(faces.setId) ?',
    replace: 'faces.setId !== undefined ?',
    tests: [{ test: SYNC, only: 'past the limit change at one instant|after-stage-batch', red: /AssertionError/ }],
  },
  {
    id: 'delta-hint-goes-back',
    law: 6,
    breaks: 'a Delta hint that the source moves back moves back here as well',
    file: 'src/tables/delta/cursor.ts',
    find: 'if (hint.version < (state.hint?.version ?? 0)) return state;',
    replace: '',
    tests: [{ test: DELTA_LOOK, only: 'a hint that moves back', red: /AssertionError/ }],
  },
  {
    id: 'iceberg-hint-goes-back',
    law: 6,
    breaks: 'an Iceberg hint that the source moves back moves back here as well',
    file: 'src/tables/iceberg/look.ts',
    find: 'names < BigInt(state.hint);',
    replace: 'names < 0n;',
    tests: [{ test: ICEBERG_FORMAT, only: 'never ahead and never backwards', red: /AssertionError/ }],
  },
];

export const LAW_7: readonly Mutation[] = [
  {
    id: 'cursor-before-publish',
    law: 7,
    breaks: 'the cursor is saved before the names it stands for',
    file: 'src/sync/publish.ts',
    find: "deps.crashPoints.reach('sync.before-publish');\n  const { checks, writes } = mergeChanges(changes);",
    replace:
      'const early = tableKey(input.bucket.id, input.location.prefix);\n' +
      "  const saved = [{ kind: 'put' as const, key: early, value: encodeTable(input.table.next) }];\n" +
      '  await deps.metadata.commit({ checks: [], writes: saved });\n' +
      '  const { checks, writes } = mergeChanges(changes);',
    tests: [
      { test: SYNC_RACES, only: 'at the root of a bucket', red: NEVER },
      { test: SYNC, only: 'a commit appears whole', red: NEVER },
    ],
  },
  {
    id: 'flipped-set-dropped',
    law: 7,
    breaks: 'after a crash a version whose cursor was saved is dropped instead of finished',
    file: 'src/sync/publish.ts',
    find: "isFlipped: set.state === 'flipped' });",
    replace: "isFlipped: set.state === 'stale' });",
    tests: [
      { test: SYNC_RACES, only: 'a publish whose end fails', red: /AssertionError|not reached/ },
      { test: SYNC, only: 'a crash at sync.after-f', red: /AssertionError|not reached/ },
    ],
  },
  {
    id: 'sealed-transfer-begun-again',
    law: 7,
    breaks: 'a crash between the seal of fetched bytes and their record makes them come again',
    file: 'src/sync/transfer.ts',
    find: 'staging?.durableOffset ?? (await this.#deps.blobs.size(blobId(id)));',
    replace: 'staging?.durableOffset;',
    tests: [{ test: SYNC_RACES, only: 'between the seal of a large object', red: /600000|strictly equal/ }],
  },
];

const PUBLISHED_VIEW = 'answer from the published view';

export const LAW_8: readonly Mutation[] = [
  {
    id: 'read-from-the-applied-view',
    law: 8,
    breaks: 'a read answers what the owner is known to have, published or not',
    file: 'src/namespace/object-access.ts',
    find: 'if (faces?.setId === undefined) return live;',
    replace:
      "if (faces?.applied.kind === 'gone') return undefined;" +
      "if (faces?.applied.kind === 'state') return faces.applied.state;" +
      'if (faces?.setId === undefined) return live;',
    tests: [{ test: SYNC, only: PUBLISHED_VIEW, red: /AssertionError|objectNotFound|No such object/ }],
  },
  {
    id: 'listing-of-the-applied-view',
    law: 8,
    breaks: 'a listing shows names that are known and not published',
    file: 'src/namespace/listed-names.ts',
    find: 'if (setId === undefined) return faces.published;',
    replace: "if (setId === undefined) return faces.applied.kind === 'state' ? faces.applied.state : faces.published;",
    tests: [{ test: SYNC, only: PUBLISHED_VIEW, red: /deep.equal/ }],
  },
];

export const LAW_9: readonly Mutation[] = [
  {
    id: 'no-grace',
    law: 9,
    breaks: 'a name is removed as soon as nothing reaches it',
    file: 'src/sync/settle.ts',
    find: 'retireAtMs: nowMs + owner.settings.retireGraceMs',
    replace: 'retireAtMs: nowMs',
    tests: [{ test: SYNC, only: 'retired after the grace|published version reaches it', red: /the grace period runs/ }],
  },
  {
    id: 'reached-name-retired',
    law: 9,
    breaks: 'a name is removed although the published version reaches it',
    file: 'src/sync/settle.ts',
    find: 'if (free.size > 0) await removeReached(free);',
    replace: '',
    tests: [{ test: SYNC, only: 'published version reaches it', red: /which readers do not find/ }],
  },
  {
    id: 'fact-removes-at-once',
    law: 9,
    breaks: "the source's delete is applied when it is heard of",
    file: 'src/sync/rules/apply-fact.ts',
    find: "if (row.published === undefined) return { kind: 'remove' };",
    replace: "if (known !== undefined) return { kind: 'remove' };",
    tests: [{ test: SYNC, only: 'retired after the grace|published version reaches it', red: /AssertionError/ }],
  },
];

const OFF_LOOPBACK = 'serve refuses off loopback';

export const LAW_10: readonly Mutation[] = [
  {
    id: 'open-to-the-network',
    law: 10,
    breaks: 'a gateway listens off loopback without being told to',
    file: 'src/runtime/config/serve-config.ts',
    find: '!isLoopback(listen.host) && !insecureOpen',
    replace: '!isLoopback(listen.host) && insecureOpen',
    tests: [{ test: COMMAND, only: OFF_LOOPBACK, red: /does not end by itself/ }],
  },
  {
    id: 'open-host-taken-for-loopback',
    law: 10,
    breaks: 'the address of all interfaces counts as loopback',
    file: 'src/runtime/config/loopback.ts',
    find: "bare === '::1' ||",
    replace: "bare === '::1' || bare === '0.0.0.0' ||",
    tests: [{ test: COMMAND, only: OFF_LOOPBACK, red: /does not end by itself/ }],
  },
];

export const LAW_11: readonly Mutation[] = [
  {
    id: 'answers-pile-up',
    law: 11,
    breaks: 'an answer is read from its source whether its client takes it or not',
    file: 'src/dialects/shared/exchange.ts',
    find: 'if (!this.#response.write(chunk)) await this.#clientTook();',
    replace: 'if (!this.#response.write(chunk) && this.bytesOut > 2 ** 27) await this.#clientTook();',
    tests: [{ test: HTTP_SERVER, only: 'a client that takes nothing', red: /MiB were taken/ }],
  },
  {
    id: 'heads-of-any-size',
    law: 11,
    breaks: 'the head of a request may be large',
    file: 'src/dialects/shared/http-server.ts',
    find: 'const HEAD_BYTES_MAX = 32 * 1024;',
    replace: 'const HEAD_BYTES_MAX = 32 * 1024 * 1024;',
    tests: [{ test: HTTP_SERVER, only: 'heads that are too large', red: /AssertionError/ }],
  },
  {
    id: 'transfers-exceed-the-buffer',
    law: 11,
    breaks: 'as many objects are fetched at a time as are wanted, whether their parts fit the buffer or not',
    file: 'src/apps/service-settings.ts',
    find: 'Math.min(wanted, Math.floor(bufferBytes / partBytes))',
    replace: 'bufferBytes < partBytes ? 1 : wanted',
    tests: [{ test: SERVICE_SETTINGS, only: 'fits the buffer', red: /AssertionError|Property failed/ }],
  },
  {
    id: 'a-batch-is-everything',
    law: 11,
    breaks: 'what is walked in batches is gathered whole first',
    file: 'src/runtime/concurrency.ts',
    find: 'if (batch.length >= size) {',
    replace: 'if (batch.length >= size * 1e6) {',
    tests: [{ test: LARGE_TABLES, only: 'a Delta table of', red: /MiB/ }],
  },
];
