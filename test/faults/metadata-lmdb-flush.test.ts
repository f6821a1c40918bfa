/**
 * Nothing is shown before it is on disk. A child commits while its flushes are held back, or fail, by a tracer; this
 * process, on the same environment, looks all the while. A kill cannot show this: the page cache survives it.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { isStraitError } from '../../src/model/errors.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { figureFor } from '../support/full-figures.ts';
import { type MetadataProcess, startMetadataProcess } from '../support/metadata-process.ts';
import { openMetadataStore } from '../support/open-metadata-store.ts';
import { recordFigure } from '../support/record-figure.ts';
import { traceProcess, tracerMissing } from '../support/system-call-tracer.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const skip = tracerMissing() ?? false;
const COMMITS = figureFor({ quick: 200, full: 1_000 });

interface Pair {
  readonly folder: string;
  readonly store: MetadataStore;
  readonly child: MetadataProcess;
}

async function pair(context: TestContext): Promise<Pair> {
  const folder = await temporaryFolder('metadata-flush');
  context.after(() => folder[Symbol.asyncDispose]());
  const store = await openMetadataStore('lmdb', folder.path);
  context.after(() => store.close());
  const child = await startMetadataProcess(['lmdb', folder.path], ['steps']);
  context.after(() => child.end());
  child.ask('first');
  assert.equal(await child.line(), 'child/first');
  return { folder: folder.path, store, child };
}

const isShown = async (store: MetadataStore, name: string) => (await store.get([Buffer.from(name)]))[0] !== undefined;

interface Seen {
  /** Since the commit was asked for. */
  readonly shownMs: number;
  readonly repliedMs: number;
  readonly reply: string;
}

/** Asks the child to commit, and looks for the row until after the reply. */
async function watchCommit(child: MetadataProcess, name: string, look: () => Promise<boolean>): Promise<Seen> {
  const startMs = performance.now();
  let [shownMs, repliedMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  child.ask(name);
  const replying = child.line().then((line) => {
    repliedMs = performance.now() - startMs;
    return line;
  });
  while (shownMs === Number.POSITIVE_INFINITY && performance.now() - startMs < Math.min(20_000, repliedMs + 500)) {
    if (await look()) shownMs = performance.now() - startMs;
    else await sleep(5);
  }
  return { reply: await replying, shownMs, repliedMs };
}

test('while the data flush is held back the commit is neither shown to another process nor acknowledged', {
  skip,
}, async (context) => {
  const { store, child } = await pair(context);
  const tracer = await traceProcess(child.child.pid ?? 0, ['trace=fdatasync', 'inject=fdatasync:delay_enter=800000']);
  const { reply, shownMs, repliedMs } = await watchCommit(child, 'held', () => isShown(store, 'child/held'));
  await tracer.detach();
  assert.equal(reply, 'child/held');
  assert.ok(repliedMs > 750, `replied after ${repliedMs} ms`);
  assert.ok(shownMs > 750 && shownMs < 20_000, `shown after ${shownMs} ms`);
});

test('while the last write, of the meta page, is held back the commit is not shown either', {
  skip,
}, async (context) => {
  const { store, child } = await pair(context);
  const tracer = await traceProcess(child.child.pid ?? 0, ['trace=pwrite64', 'inject=pwrite64:delay_exit=600000']);
  const { shownMs, repliedMs } = await watchCommit(child, 'held', () => isShown(store, 'child/held'));
  await tracer.detach();
  assert.ok(repliedMs > 550, `replied after ${repliedMs} ms`);
  assert.ok(shownMs > repliedMs - 300 && shownMs < 20_000, `shown ${repliedMs - shownMs} ms before the reply`);
});

test('the control: with overlapping flushes the same watch sees the commit early', { skip }, async (context) => {
  await using folder = await temporaryFolder('metadata-overlapping');
  const path = join(folder.path, 'control.mdb');
  const root = open<Buffer, Buffer>({ path, overlappingSync: true, keyEncoding: 'binary', encoding: 'binary' });
  context.after(() => root.close());
  const child = await startMetadataProcess([path], [], { script: 'overlapping-child.ts' });
  context.after(() => child.end());
  child.ask('first');
  await child.line();
  const tracer = await traceProcess(child.child.pid ?? 0, [
    'trace=fdatasync,fsync,msync',
    'inject=fdatasync,fsync,msync:delay_enter=800000',
  ]);
  const look = async () => {
    root.resetReadTxn();
    return root.get(Buffer.from('child/held')) !== undefined;
  };
  const { shownMs } = await watchCommit(child, 'held', look);
  await tracer.detach();
  assert.ok(shownMs < 700, `shown after ${shownMs} ms: this test proves nothing`);
});

test('a flush that fails fails its commit, which nobody ever sees; the next commit goes through', {
  skip,
}, async (context) => {
  const { folder, store, child } = await pair(context);
  const tracer = await traceProcess(child.child.pid ?? 0, ['trace=fdatasync', 'inject=fdatasync:error=EIO']);
  child.ask('lost');
  assert.match(await child.line(), /^child\/lost failed the metadata store could not commit: .*nput/);
  await tracer.detach();
  assert.equal(await isShown(store, 'child/lost'), false);
  child.ask('next');
  assert.equal(await child.line(), 'child/next');
  assert.equal(await isShown(store, 'child/next'), true);
  await store.commit({ checks: [], writes: [{ kind: 'put', key: Buffer.from('own'), value: Buffer.from('1') }] });
  await child.end();
  await store.close();
  const again = await openMetadataStore('lmdb', folder);
  const shown = await Promise.all(
    ['child/first', 'child/lost', 'child/next', 'own'].map((name) => isShown(again, name)),
  );
  assert.deepEqual(shown, [true, false, true, true]);
  await again.close();
  await assert.rejects(isShown(again, 'own'), (error) => isStraitError(error, 'unavailable'));
});

/** Fails the `call`-th write of one commit. True when that was the meta page's, after which all must be refused. */
async function failOneWrite(context: TestContext, call: number): Promise<boolean> {
  const { folder, store, child } = await pair(context);
  const inject = `inject=pwrite64:error=EIO:when=${call}`;
  const tracer = await traceProcess(child.child.pid ?? 0, ['trace=pwrite64', inject]);
  child.ask('doubtful');
  const reply = await child.line();
  await tracer.detach();
  const failed = /^child\/doubtful failed/.test(reply);
  assert.equal(await isShown(store, 'child/doubtful'), !failed);
  await store.commit({ checks: [], writes: [{ kind: 'put', key: Buffer.from('own'), value: Buffer.from('1') }] });
  child.ask('next');
  const isRefused = /restart this process/.test(await child.line());
  child.ask('again');
  assert.equal(/restart this process/.test(await child.line()), isRefused);
  await child.end();
  const next = await startMetadataProcess(['lmdb', folder], ['steps']);
  next.ask('healed');
  assert.equal(await next.line(), 'child/healed');
  await next.end();
  const names = ['child/doubtful', 'child/next', 'child/again', 'child/healed', 'own'];
  const shown = await Promise.all(names.map((name) => isShown(store, name)));
  assert.deepEqual(shown, [!failed, !isRefused, !isRefused, true, true]);
  return isRefused;
}

test('after its meta page could not be written the store refuses all, at once, until opened anew', {
  skip,
}, async (context) => {
  // How many writes a commit makes before its meta page depends on where its pages lie: try each until it is hit.
  for (const call of [1, 2, 3, 4]) if (await failOneWrite(context, call)) return;
  assert.fail('no write of the meta page was hit');
});

test('before each reply: the data is flushed, then the meta page is written through', { skip }, async (context) => {
  await using folder = await temporaryFolder('metadata-order');
  const log = join(folder.path, 'calls');
  const calls = 'trace=openat,pwrite64,pwritev,fdatasync,write';
  const child = await startMetadataProcess(['lmdb', join(folder.path, 'db')], ['put', `${COMMITS}`], {
    under: ['strace', '-f', '-qq', '-s', '12', '-e', 'signal=none', '-o', log, '-e', calls],
  });
  context.after(() => child.end());
  let replies = 0;
  for await (const line of child.lines()) if (/^child\/\d+$/.test(line)) replies += 1;
  assert.equal(replies, COMMITS);
  const order = flushOrder(await readFile(log, 'utf8'));
  assert.equal(order.filter((step) => step === 'reply').length, COMMITS);
  let since: string[] = [];
  for (const step of order) {
    if (step !== 'reply') since.push(step);
    else {
      assert.match(since.join(' '), /flush meta$/, `before a reply: ${since.join(' ')}`);
      since = [];
    }
  }
  recordFigure({ name: 'metadata (lmdb): replies with data flush, then meta page before', value: replies });
});

/** What the trace says of the database, in order: `data`, `flush`, `meta` (written to a synchronous file), `reply`. */
function flushOrder(log: string): string[] {
  const opened = [...log.matchAll(/"[^"]*metadata\.mdb"|"[^"]*metad"\.{3}/g)];
  assert.ok(opened.length > 0, 'the trace has no database');
  const steps: string[] = [];
  const synchronous = new Set([...log.matchAll(/O_WRONLY\|O_DSYNC\S*\) = (\d+)/g)].map(([, descriptor]) => descriptor));
  for (const line of log.split('\n')) {
    const [, call, descriptor] = /^\d+ +(\w+)\((\d+)/.exec(line) ?? [];
    if (call === 'write' && descriptor === '1' && line.includes('"child/')) steps.push('reply');
    if (call === 'fdatasync') steps.push('flush');
    if (call === 'pwrite64' || call === 'pwritev') steps.push(synchronous.has(descriptor) ? 'meta' : 'data');
  }
  return steps;
}
