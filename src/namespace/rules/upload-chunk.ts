import { StraitError } from '../../model/errors.ts';

/** What a request of a resumable session means for the bytes persisted so far (gcs-api §5 items 8–12). Pure. */

/** A chunk that is not the last is kept up to a multiple of this, counted from the object's start. */
export const CHUNK_UNIT_BYTES = 256 * 1024;

export interface ChunkFacts {
  readonly offset: number;
  readonly end?: number;
  readonly total?: number;
}

export interface ChunkPlan {
  /** Where new bytes go. */
  readonly persisted: number;
  /** Leading bytes of the body that are persisted already. */
  readonly skip: number;
  /** Bytes to keep after those, at most; infinite when the request does not say where it ends. */
  readonly take: number;
  /** Bytes the body may have; more is an error. */
  readonly bodyMax: number;
  /** The object ends with this chunk, if the body comes whole. */
  readonly isLast: boolean;
  /** The object's size, when it is known. */
  readonly total?: number;
}

/**
 * `unavailable` for a chunk that begins beyond what is persisted, as GCS answers 503 (item 10); `invalidArgument` for
 * one that contradicts itself or the session.
 */
export function planChunk(
  chunk: ChunkFacts,
  session: { readonly persisted: number; readonly declaredSize: number | undefined },
): ChunkPlan {
  const { persisted, declaredSize } = session;
  const { offset, end } = chunk;
  const total = chunk.total ?? declaredSize;
  assertConsistent(chunk, session);
  const isLast = end === undefined || end === total;
  const bodyEnd = end ?? total ?? Number.POSITIVE_INFINITY;
  // Whole units of the object, not of the chunk: a broken request leaves any offset, and clients are told units only.
  const keptEnd = isLast ? bodyEnd : bodyEnd - (bodyEnd % CHUNK_UNIT_BYTES);
  return {
    persisted,
    skip: persisted - offset,
    take: Math.max(0, keptEnd - persisted),
    bodyMax: bodyEnd - offset,
    isLast,
    ...(total === undefined ? {} : { total }),
  };
}

function assertConsistent(
  { offset, end, total }: ChunkFacts,
  session: { readonly persisted: number; readonly declaredSize: number | undefined },
): void {
  const { persisted, declaredSize } = session;
  if (total !== undefined && declaredSize !== undefined && total !== declaredSize) {
    throw contradiction(`the total is ${total}, the session was started for ${declaredSize} bytes`);
  }
  const whole = total ?? declaredSize ?? Number.POSITIVE_INFINITY;
  if (end !== undefined && (end < offset || end > whole)) {
    throw contradiction(`bytes ${offset} to ${end} are not within ${whole}`);
  }
  if (offset > whole || persisted > whole) {
    throw contradiction(`${Math.max(offset, persisted)} bytes are more than the total of ${whole}`);
  }
  if (offset > persisted) {
    const message =
      `Invalid request. The Content-Range begins at ${offset}, ` +
      `but only ${persisted} bytes are persisted: ask for the status and go on from there.`;
    throw new StraitError('unavailable', message, {});
  }
}

function contradiction(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Invalid Content-Range: ${message}`, { field: 'Content-Range' });
}

/** The bytes of a body that are new and to be kept. A body longer than declared fails after them. */
export async function* freshBytes(body: AsyncIterable<Uint8Array>, plan: ChunkPlan): AsyncIterable<Uint8Array> {
  const [from, to] = [plan.skip, plan.skip + plan.take];
  let position = 0;
  for await (const chunk of body) {
    const start = Math.max(from - position, 0);
    const end = Math.min(to - position, chunk.length);
    position += chunk.length;
    if (start < end) yield start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
    if (position > plan.bodyMax) throw contradiction(`the body has more than the declared ${plan.bodyMax} bytes`);
  }
}
