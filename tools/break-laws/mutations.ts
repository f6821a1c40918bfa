/** How each law is broken. `breaks` says it in words; the tests are those that ARCHITECTURE.md names for the law. */
import type { Mutation, Trial } from './mutation.ts';

const NAMESPACE_MODEL = 'src/namespace/namespace-model.test.ts';
const OBJECTS = 'src/namespace/objects.test.ts';
const VERSIONS = 'src/namespace/versions.test.ts';
const VERSIONS_MODEL = 'src/namespace/versions-model.test.ts';
const KILL_WRITERS = 'test/faults/kill-writers.test.ts';
const FLUSH_ORDER = 'test/faults/blob-flush-order.test.ts';
const POWER_LOSS = 'test/faults/blob-power-loss.test.ts';
const LMDB_FLUSH = 'test/faults/metadata-lmdb-flush.test.ts';
const BLOB_STORE = 'test/contracts/blob-store.ts';
const COPY_RACES = 'test/contracts/copy-races.test.ts';
const COMMITS = 'test/contracts/metadata-store-commits.ts';
const JOURNALS = 'test/contracts/metadata-store-journals.ts';
const PROCESSES = 'test/contracts/metadata-store-processes.ts';
const SYNC = 'test/simulation/sync.test.ts';
const SYNC_RACES = 'test/simulation/sync-races.test.ts';
const TABLES = 'test/simulation/tables.test.ts';
const DELTA_LOOK = 'src/tables/delta/delta-look.test.ts';
const ICEBERG_FORMAT = 'src/tables/iceberg/iceberg-format.test.ts';
const TWO_SITES = 'test/replay/two-sites.test.ts';
const COMMAND = 'test/acceptance/command.test.ts';
const HTTP_SERVER = 'test/http/http-server.test.ts';
const LARGE_TABLES = 'test/scale/large-tables.test.ts';
const SERVICE_SETTINGS = 'src/apps/service-settings.test.ts';

/** Contracts run over an adapter. */
const FILES = 'test/contracts/blobs-files.test.ts';
const LMDB = 'test/contracts/metadata-lmdb.test.ts';
const POSTGRES = 'test/contracts/metadata-postgres.test.ts';

/** What simulations say when time goes by and the world never gets where it should. */
const NEVER = /^Error: not reached in/;

const killedAtEveryPoint = (red: RegExp): Trial => ({ test: KILL_WRITERS, only: 'at every crash point', red });
const historiesAgree = (red: RegExp): Trial => ({ test: NAMESPACE_MODEL, only: 'random histories', red });

const LAW_1: readonly Mutation[] = [
  {
    id: 'reference-dropped-while-held',
    law: 1,
    breaks: 'a patch drops the references of the bytes that the object goes on naming, so that they are reaped',
    file: 'src/namespace/rows/references.ts',
    find: 'if (after.has(id)) continue;',
    replace: '',
    tests: [historiesAgree(/corrupt|missing/), killedAtEveryPoint(/corrupt|missing/)],
  },
  {
    id: 'garbage-not-noted',
    law: 1,
    breaks: 'bytes that lose their last reference are no candidates for reaping: they stay for ever',
    file: 'src/namespace/rows/references.ts',
    find: 'for (const id of lost.difference(gained)) writes.push(unreferencedWrite(id, nowMs));',
    replace: '',
    tests: [
      historiesAgree(/deep.equal/),
      { test: KILL_WRITERS, only: 'at random instants', red: /deep.equal/ },
      { test: COPY_RACES, only: 'its source: memory', red: /deep.equal/ },
    ],
  },
  {
    id: 'kept-version-holds-nothing',
    law: 1,
    breaks: 'a noncurrent or soft-deleted version holds no reference to its bytes, so that they are reaped',
    file: 'src/namespace/object-transaction.ts',
    find: 'this.#references.push({ holder: { kind: fate.kind, place }, before: new Set(), after });',
    replace: '',
    tests: [{ test: VERSIONS_MODEL, only: 'random histories', red: /corrupt|missing/ }],
  },
  {
    id: 'copy-does-not-check-its-source',
    law: 1,
    breaks: 'a copy names bytes that may have been removed since it read its source',
    file: 'src/namespace/copy-object.ts',
    find: '{ checks: [read.unchanged, ...blobs] }',
    replace: '{ checks: [] }',
    tests: [{ test: COPY_RACES, only: 'its source: memory', red: /is missing|missing, or shorter/ }],
  },
  {
    id: 'rotten-block-served',
    law: 1,
    breaks: 'a block is read without being verified',
    file: 'src/stores/blobs/files/blob-file.ts',
    find: '=== check.readUInt32BE(0)) return;',
    replace: '=== check.readUInt32BE(0) || index >= 0) return;',
    tests: [
      { test: BLOB_STORE, run: FILES, only: 'flipped bit|verifies the blocks', red: /Missing expected rejection/ },
    ],
  },
  {
    id: 'broken-source-sealed',
    law: 1,
    breaks: 'what came of a source that broke off becomes a blob',
    file: 'src/stores/blobs/files/write-blob.ts',
    find: 'if (guarded.failure !== undefined) return undefined;',
    replace: '',
    tests: [{ test: BLOB_STORE, run: FILES, only: 'a source that fails gives', red: /Missing expected rejection/ }],
  },
  {
    id: 'fetched-bytes-not-verified',
    law: 1,
    breaks: 'bytes that sync fetched are recorded as local without being compared with what the source says of them',
    file: 'src/sync/transfer.ts',
    find: 'if (got.size === state.size && got.crc32c === state.crc32c) return;',
    replace: 'if (got.size >= 0) return;',
    tests: [{ test: SYNC, only: 'whose bytes are not what it says', red: NEVER }],
  },
];

const LAW_2: readonly Mutation[] = [
  {
    id: 'blob-not-flushed',
    law: 2,
    breaks: 'a written blob is named and acknowledged without having been flushed',
    file: 'src/stores/blobs/files/write-blob.ts',
    find: 'await file.sync();',
    replace: '',
    tests: [
      { test: FLUSH_ORDER, only: 'acknowledged operations', red: /write: / },
      { test: POWER_LOSS, only: 'survives power cuts', red: /seed \d/ },
    ],
  },
  {
    id: 'name-not-flushed',
    law: 2,
    breaks: 'a blob is acknowledged before its name is on disk',
    file: 'src/stores/blobs/files/seal-staging.ts',
    find: 'await env.folderSync.run(env.paths.fanOut(id));',
    replace: '',
    tests: [
      { test: FLUSH_ORDER, only: 'acknowledged operations', red: /write: / },
      { test: POWER_LOSS, only: 'survives power cuts', red: /seed \d/ },
    ],
  },
  {
    id: 'folder-flushed-before-rename',
    law: 2,
    breaks: 'the folder of a blob is flushed before the blob has its name in it',
    file: 'src/stores/blobs/files/seal-staging.ts',
    find:
      'await env.layer.rename(from, env.paths.blob(id));\n' +
      "  env.crashPoints.reach('blob.after-rename');\n" +
      '  await env.folderSync.run(env.paths.fanOut(id));',
    replace:
      'await env.folderSync.run(env.paths.fanOut(id));\n' +
      "  env.crashPoints.reach('blob.after-rename');\n" +
      '  await env.layer.rename(from, env.paths.blob(id));',
    tests: [
      { test: FLUSH_ORDER, only: 'acknowledged operations', red: /write: / },
      { test: POWER_LOSS, only: 'survives power cuts', red: /seed \d/ },
    ],
  },
  {
    id: 'progress-before-data',
    law: 2,
    breaks: 'the progress of an upload is saved before the data it speaks of is on disk',
    file: 'src/stores/blobs/files/append-run.ts',
    find: 'await this.#data.sync();',
    replace: '',
    tests: [
      { test: FLUSH_ORDER, only: 'acknowledged operations', red: /append: / },
      { test: POWER_LOSS, only: 'survives power cuts', red: /seed \d/ },
    ],
  },
  {
    id: 'upload-lost-after-its-seal',
    law: 2,
    breaks: 'an upload whose process died between its seal and its commit is over, with all its acknowledged bytes',
    file: 'src/namespace/upload-session.ts',
    find: 'if ((await deps.blobs.size(blobId(stagingId))) === undefined) throw',
    replace: 'throw',
    tests: [killedAtEveryPoint(/is over/)],
  },
  {
    id: 'offset-acknowledged-unsaved',
    law: 2,
    breaks: 'an upload acknowledges an offset that no file holds',
    file: 'src/stores/blobs/files/append-run.ts',
    find: 'await this.#staging.save(next);',
    replace: '',
    tests: [killedAtEveryPoint(/not those that were written|are there/)],
  },
  {
    id: 'reply-before-commit',
    law: 2,
    breaks: 'commits are acknowledged when they are judged, before LMDB has them',
    file: 'src/stores/metadata/lmdb/group-commit.ts',
    find: "crashPoints.reach('metadata.before-commit');\n    return outcomes;",
    replace: "crashPoints.reach('metadata.before-commit');\n    this.#reply(taken, outcomes);\n    return outcomes;",
    tests: [
      { test: LMDB_FLUSH, only: 'while the data flush is held back', red: /replied after/ },
      { test: PROCESSES, run: LMDB, only: 'what another process was told', red: /AssertionError/ },
    ],
  },
  {
    id: 'shown-before-flush',
    law: 2,
    breaks: 'LMDB shows a commit to other processes while it is still being flushed',
    file: 'src/stores/metadata/lmdb/open-environment.ts',
    find: 'overlappingSync: false,',
    replace: 'overlappingSync: true,',
    tests: [{ test: LMDB_FLUSH, only: 'while the data flush is held back', red: /shown after|replied after/ }],
  },
];

const LAW_3: readonly Mutation[] = [
  {
    id: 'clock-alone-mints',
    law: 3,
    breaks: 'a generation is the time, whatever numbers the scope has given',
    file: 'src/stores/metadata/transaction.ts',
    find: 'return nowMicros > last ? nowMicros : last + 1n;',
    replace: 'return last < 0n ? last : nowMicros;',
    tests: [
      { test: COMMITS, run: LMDB, only: 'a minted number is max', red: /deep.equal/ },
      { test: OBJECTS, only: 'each insert takes a new generation', red: /AssertionError/ },
    ],
  },
  {
    id: 'minted-outside-the-commit',
    law: 3,
    breaks: 'the generation that is answered is not the one the commit minted',
    file: 'src/namespace/object-transaction.ts',
    find: 'generation(committed.minted[mint] ?? 0n)',
    replace: 'generation((committed.minted[mint] ?? 0n) && this.#deps.clock.nowMicros() + 1n)',
    tests: [{ test: OBJECTS, only: 'an inserted object is read back', red: /deep.equal/ }],
  },
  {
    id: 'high-water-mark-forgotten',
    law: 3,
    breaks: 'the high-water mark is counted in memory and never written (LMDB)',
    file: 'src/stores/metadata/lmdb/group-commit.ts',
    find: 'for (const [scope, last] of this.#minted) void marks.put(mintMark(scope), encodeNumber(last));',
    replace: '',
    tests: [{ test: COMMITS, run: LMDB, only: 'a minted number is max', red: /deep.equal/ }],
  },
  {
    id: 'high-water-mark-kept-low',
    law: 3,
    breaks: 'the high-water mark stays where it was first (PostgreSQL)',
    file: 'src/stores/metadata/postgres/batch.ts',
    find: 'on conflict (scope) do update set last = excluded.last',
    replace: 'on conflict (scope) do nothing',
    tests: [{ test: COMMITS, run: POSTGRES, only: 'a minted number is max', red: /deep.equal/ }],
  },
];

const LAW_4: readonly Mutation[] = [
  {
    id: 'hard-deletion-not-journalled',
    law: 4,
    breaks: 'the end of a soft-deleted version is committed without a journal entry',
    file: 'src/namespace/expire-soft-deleted.ts',
    find: 'this.#appends.push(this.#entry(due, version));',
    replace: '',
    tests: [{ test: VERSIONS, only: 'their end is in its journal', red: /deep.equal/ }],
  },
  {
    id: 'change-not-journalled',
    law: 4,
    breaks: 'inserts and patches are committed without a journal entry',
    file: 'src/namespace/object-transaction.ts',
    find: 'this.#appends.push({',
    replace: "if (op === 'delete') this.#appends.push({",
    tests: [
      { test: OBJECTS, only: 'every mutation is in the journal', red: /strictly equal/ },
      killedAtEveryPoint(/deep.equal/),
    ],
  },
  {
    id: 'delete-not-journalled',
    law: 4,
    breaks: 'deletes are committed without a journal entry',
    file: 'src/namespace/object-transaction.ts',
    find: 'this.#appends.push({',
    replace: "if (op !== 'delete') this.#appends.push({",
    tests: [
      { test: OBJECTS, only: 'every mutation is in the journal', red: /strictly equal/ },
      killedAtEveryPoint(/deep.equal/),
    ],
  },
  {
    id: 'journalled-afterwards',
    law: 4,
    breaks: 'journal entries follow in a transaction of their own',
    file: 'src/namespace/commit-loop.ts',
    find: 'const outcome = await deps.metadata.commit(decision.transaction);',
    replace:
      'const { appends = [], mints = [], ...rows } = decision.transaction;\n' +
      '    const outcome = await deps.metadata.commit({ ...rows, mints });\n' +
      "    if (outcome.kind === 'committed') await deps.metadata.commit({ checks: [], writes: [], appends, mints });",
    tests: [
      { test: OBJECTS, only: 'every mutation is in the journal', red: /deep.equal/ },
      killedAtEveryPoint(/deep.equal/),
    ],
  },
  {
    id: 'entry-overwritten',
    law: 4,
    breaks: 'two entries of one batch get the same place in the journal (LMDB)',
    file: 'src/stores/metadata/lmdb/group-commit.ts',
    find: 'this.#heads.set(journal, seq);',
    replace: 'this.#heads.set(journal, seq - (seq % 2n));',
    tests: [{ test: JOURNALS, run: LMDB, only: 'concurrent appenders', red: /deep.equal/ }],
  },
  {
    id: 'head-not-kept',
    law: 4,
    breaks: 'the head of a journal is not written (PostgreSQL)',
    file: 'src/stores/metadata/postgres/batch.ts',
    find: 'on conflict (journal) do update set seq = excluded.seq',
    replace: 'on conflict (journal) do nothing',
    tests: [
      {
        test: JOURNALS,
        run: POSTGRES,
        only: 'concurrent appenders|go on after',
        red: /unavailable|duplicate|deep.equal/,
      },
    ],
  },
];

const READ_ONLY = 'a site is read-only';

const LAW_5: readonly Mutation[] = [
  {
    id: 'anybody-writes',
    law: 5,
    breaks: "a site writes to another's bucket",
    file: 'src/namespace/object-access.ts',
    find: 'if (bucket.owner === deps.settings.site) return;',
    replace: 'if (bucket.owner !== undefined) return;',
    tests: [{ test: COMMAND, only: READ_ONLY, red: /403/ }],
  },
  {
    id: 'follower-makes-buckets',
    law: 5,
    breaks: 'a site that follows a cloud makes buckets of its own, whose names the cloud may have',
    file: 'src/namespace/buckets.ts',
    find: 'if (deps.settings.followsCloud === true) throw',
    replace: "if (input.name === '') throw",
    tests: [{ test: COMMAND, only: READ_ONLY, red: /403/ }],
  },
];

const ONE_A_SECOND = 'commits a second apart';

const LAW_6: readonly Mutation[] = [
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
    id: 'control-listed-loosely',
    law: 6,
    breaks: 'log entries and hints are listed like any loose name, ahead of their version',
    file: 'src/sync/settle.ts',
    find: 'return !isControl || isGenerationShown(read) || isStray() ?',
    replace: 'return name.length > 0 || isStray() ?',
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

const LAW_7: readonly Mutation[] = [
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

const LAW_8: readonly Mutation[] = [
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

const LAW_9: readonly Mutation[] = [
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

const LAW_10: readonly Mutation[] = [
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

const LAW_11: readonly Mutation[] = [
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

export const MUTATIONS: readonly Mutation[] = [
  ...LAW_1,
  ...LAW_2,
  ...LAW_3,
  ...LAW_4,
  ...LAW_5,
  ...LAW_6,
  ...LAW_7,
  ...LAW_8,
  ...LAW_9,
  ...LAW_10,
  ...LAW_11,
];
