/** Says one sequence of requests to Strait and to a peer, and finds where their answers differ. */
import { httpCall } from '../support/http-call.ts';
import { type FlatAnswer, flattenAnswer, type RawAnswer } from './flatten-answer.ts';
import {
  type Difference,
  explains,
  isAbout,
  type KnownEntry,
  type PeerName,
  type Request,
} from './known-difference.ts';
import { type FilledStep, fillStep, Memory, type Step } from './step.ts';

export interface Pair {
  readonly peer: PeerName;
  readonly straitUrl: string;
  readonly peerUrl: string;
  readonly known: readonly KnownEntry[];
}

export interface Outcome {
  /** Requests that were said to both. */
  readonly compared: number;
  /** The identities of entries that were needed. */
  readonly used: ReadonlySet<string>;
  readonly unexplained: readonly Unexplained[];
}

export interface Unexplained extends Difference {
  readonly step: Step;
  readonly index: number;
}

/** `run` names the sequence's buckets, unlike those of any other sequence of these servers. */
export async function compareSequence(pair: Pair, run: string, steps: readonly Step[]): Promise<Outcome> {
  const memories = { strait: new Memory(run), peer: new Memory(run) };
  const used = new Set<string>();
  const unexplained: Unexplained[] = [];
  let compared = 0;
  for (const [index, step] of steps.entries()) {
    const about = pair.known.filter((entry) => isAbout(entry, pair.peer, requestOf(step)));
    const leftOut = about.find(({ kind }) => kind === 'not compared');
    if (leftOut !== undefined) used.add(leftOut.id);
    // A session that is not started must not be mistaken for the one before it.
    if (step.method === 'uploads.start') for (const memory of Object.values(memories)) memory.forget('session');
    const forStrait = fillStep(step, memories.strait);
    const forPeer = fillStep(step, memories.peer);
    if (leftOut !== undefined || forStrait === undefined || forPeer === undefined) continue;
    const [strait, peer] = await Promise.all([
      ask(pair.straitUrl, { step, filled: forStrait, memory: memories.strait }),
      ask(pair.peerUrl, { step, filled: forPeer, memory: memories.peer }),
    ]);
    compared += 1;
    let partsWays = false;
    for (const difference of findDifferences(strait, peer)) {
      const entry = about.find((known) => known.kind === 'difference' && explains(known, difference));
      if (entry === undefined) unexplained.push({ ...difference, step, index });
      else used.add(entry.id);
      partsWays ||= entry?.kind === 'difference' && entry.partsWays === true;
      partsWays ||=
        difference.at === 'status' &&
        step.verb !== 'GET' &&
        isSuccess(difference.strait) !== isSuccess(difference.peer);
    }
    if (partsWays) break;
  }
  return { compared, used, unexplained };
}

/** The path of a name that begins with a slash is what web frameworks tidy away. */
function requestOf({ method, traits, path }: Step): Request {
  return { method, traits: path.includes('/o/%2F') ? [...traits, 'slash first'] : traits };
}

interface Question {
  readonly step: Step;
  readonly filled: FilledStep;
  readonly memory: Memory;
}

async function ask(base: string, { step, filled, memory }: Question): Promise<FlatAnswer> {
  const { status, headers, bytes } = await httpCall(base, step.verb, filled.target, {
    headers: {
      ...filled.headers,
      ...(filled.body === undefined ? {} : { 'Content-Length': String(filled.body.length) }),
    },
    ...(filled.body === undefined ? {} : { body: filled.body }),
  });
  // Clients read nothing of the start of a session but where it is.
  const isStart = step.method === 'uploads.start' && status < 300;
  const answer: RawAnswer = { status, headers, bytes: isStart ? Buffer.alloc(0) : bytes };
  const isMedia = step.traits.includes('media');
  if (!isMedia) learn(answer, memory);
  return flattenAnswer(answer, { isMedia, memory });
}

function learn(answer: RawAnswer, memory: Memory): void {
  const { location } = answer.headers;
  if (location !== undefined) {
    const { pathname, search } = new URL(location);
    memory.remember('session', `${pathname}${search}`);
  }
  if (answer.status >= 300 || !(answer.headers['content-type'] ?? '').startsWith('application/json')) return;
  if (answer.bytes.length > 0) learnFrom(JSON.parse(answer.bytes.toString()), memory);
}

function learnFrom(value: unknown, memory: Memory): void {
  if (Array.isArray(value)) for (const member of value) learnFrom(member, memory);
  if (typeof value !== 'object' || value === null) return;
  const { kind, bucket, name, generation, id, ...rest } = value as Readonly<Record<string, unknown>>;
  if (kind === 'storage#object' && typeof generation === 'string') {
    memory.sawGeneration(`${bucket}/${name}`, generation);
  }
  if (kind === 'storage#notification') memory.remember('notification', id);
  if (kind === 'storage#policy') memory.remember('policyEtag', rest['etag']);
  for (const token of ['nextPageToken', 'rewriteToken', 'accessId']) memory.remember(token, rest[token]);
  for (const field of Object.values(rest)) learnFrom(field, memory);
}

/** Below a place that differs nothing more is said: of a page with other items, or an answer with another status. */
export function findDifferences(strait: FlatAnswer, peer: FlatAnswer): readonly Difference[] {
  const places = [...new Set([...strait.keys(), ...peer.keys()])];
  const differences = places.flatMap((at): Difference[] => {
    const pair = { at, strait: strait.get(at) ?? 'absent', peer: peer.get(at) ?? 'absent' };
    return pair.strait === pair.peer ? [] : [pair];
  });
  const status = differences.find(({ at }) => at === 'status');
  if (status !== undefined) return [status];
  const lists = differences.filter(({ at }) => at.endsWith('[]')).map(({ at }) => at.slice(0, -1));
  return differences.filter(({ at }) => !lists.some((list) => at.startsWith(list) && at !== `${list}]`));
}

function isSuccess(status: string): boolean {
  return Number(status) < 300;
}

/** The sequence up to what differs, to be read by people. */
export function describe(steps: readonly Step[], unexplained: readonly Unexplained[]): string {
  const last = unexplained[0]?.index ?? steps.length - 1;
  const said = steps.slice(0, last + 1).map((step, index) => `  ${index + 1}. ${describeStep(step)}`);
  const found = unexplained.map(
    ({ at, strait, peer }) => `  ${at}: Strait says ${brief(strait)}, the peer ${brief(peer)}`,
  );
  return ['after', ...said, `of which the last (traits: ${steps[last]?.traits.join(', ')}) differs at`, ...found].join(
    '\n',
  );
}

function describeStep({ method, verb, path, query, headers, body }: Step): string {
  const parts = [query, headers, body].filter((part) => part !== undefined).map((part) => brief(JSON.stringify(part)));
  return [method, verb, path, ...parts].join(' ');
}

function brief(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
