/**
 * Another process on the same metadata store: `metadata-child.ts ADAPTER LOCATION ROLE ARGUMENTS…`. It says what it
 * does on standard output, one line each, starting with `ready`.
 *
 * - `append JOURNAL COUNT WRITERS`: appends, and says `SEQ VALUE` when each commit has resolved;
 * - `follow JOURNAL AFTER COUNT`: says `SEQ VALUE` for each entry of the tail;
 * - `put COUNT`: puts `child/<n>` one after another and says the key when the commit has resolved;
 * - `steps`: says the outcome of each commit of `child/<line>` asked for on standard input.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type CrashPoint, crashAt } from '../../src/runtime/crash-points.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { openMetadataStore } from './open-metadata-store.ts';

const [adapter = '', location = '', role = '', ...rest] = process.argv.slice(2);
const crashPoint = process.env['STRAIT_TEST_CRASH_POINT'];
const crashCount = Number(process.env['STRAIT_TEST_CRASH_COUNT'] ?? '1');
const crash = crashPoint === undefined ? {} : { crashPoints: crashAt(crashPoint as CrashPoint, crashCount) };

async function say(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

async function append(store: MetadataStore, journal: string, count: number, writers: number): Promise<void> {
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const value = `${process.pid}:${next}`;
      next += 1;
      const outcome = await store.commit({ checks: [], writes: [], appends: [{ journal, value: Buffer.from(value) }] });
      if (outcome.kind === 'committed') await say(`${outcome.seqs[0]} ${value}`);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

async function follow(store: MetadataStore, journal: string, after: bigint, count: number): Promise<void> {
  let seen = 0;
  for await (const { seq, value } of store.tail(journal, after, AbortSignal.timeout(60_000))) {
    await say(`${seq} ${Buffer.from(value).toString()}`);
    seen += 1;
    if (seen === count) return;
  }
}

async function putAll(store: MetadataStore, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await putOne(store, `child/${index}`);
}

async function putOne(store: MetadataStore, name: string): Promise<void> {
  const key = Buffer.from(name);
  try {
    await store.commit({ checks: [], writes: [{ kind: 'put', key, value: key }] });
    await say(name);
  } catch (error) {
    await say(`${name} failed ${error instanceof Error ? error.message : error}`);
  }
}

const store = await openMetadataStore(adapter, location, crash);
await say('ready');
const [first = '', second = '0', third = '1'] = rest;
if (role === 'append') await append(store, first, Number(second), Number(third));
if (role === 'follow') await follow(store, first, BigInt(second), Number(third));
if (role === 'put') await putAll(store, Number(first));
if (role === 'steps')
  for await (const line of createInterface({ input: process.stdin })) await putOne(store, `child/${line}`);
await store.close();
