/** Bytes, durability, generations and the journal. */
import type { Mutation } from '../mutation.ts';
import {
  BLOB_STORE,
  COMMITS,
  COPY_RACES,
  FILES,
  FLUSH_ORDER,
  FOLDERS_MODEL,
  historiesAgree,
  JOURNALS,
  KILL_FOLDERS,
  KILL_WRITERS,
  killedAtEveryPoint,
  LMDB,
  LMDB_FLUSH,
  NEVER,
  OBJECTS,
  POSTGRES,
  POWER_LOSS,
  PROCESSES,
  SOFT_DELETED_BUCKETS,
  SYNC,
  VERSIONS,
  VERSIONS_MODEL,
} from './tests.ts';

export const LAW_1: readonly Mutation[] = [
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
    find: '{ checks: [...read.unchanged, ...blobs] }',
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

export const LAW_2: readonly Mutation[] = [
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

export const LAW_3: readonly Mutation[] = [
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

export const LAW_4: readonly Mutation[] = [
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
    id: 'bucket-end-not-journalled',
    law: 4,
    breaks: 'a soft-deleted bucket ends without a journal entry',
    file: 'src/namespace/soft-deleted-buckets.ts',
    find: "appends: [bucketEntry(bucket, 'bucketPurge', nowMs)],",
    replace: '',
    tests: [{ test: SOFT_DELETED_BUCKETS, only: 'its end are in its journal', red: /deep.equal/ }],
  },
  {
    id: 'rename-not-journalled',
    law: 4,
    breaks: 'a folder is renamed without a journal entry',
    file: 'src/namespace/folders/folders.ts',
    find: "appends: [folderEntry(read.bucket, { op: 'folderRename', name: source, to: destination, timeMs: nowMs })],",
    replace: '',
    tests: [
      { test: FOLDERS_MODEL, only: 'a rename is one journal entry', red: /strictly equal/ },
      { test: KILL_FOLDERS, only: 'killed around every commit', red: /./ },
    ],
  },
  {
    id: 'insert-not-journalled',
    law: 4,
    breaks: 'inserts are committed without a journal entry',
    file: 'src/namespace/object-transaction.ts',
    find: 'this.#append(losable(whole), mint);',
    replace: '',
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
    find: "this.#append(this.#entry('delete', object, state, { ...versionOf(object), fate }));",
    replace: '',
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
