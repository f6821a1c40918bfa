import { Semaphore } from '../../../runtime/concurrency.ts';
import type { HttpReply } from '../../shared/http-message.ts';

/** Pages put together at a time: they take turns with other requests, so more would only hold more. */
const PAGES_AT_ONCE = 2;
/** Answers at a time that wait for another site: those hold what they have while they wait. */
const ELSEWHERE_AT_ONCE = 16;
/** Bytes of listing pages that may wait for their clients before pages get small. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Items of a page while more than that waits. */
const SMALL_PAGE_ITEMS = 20;

/** Waits for room to put a page together, then answers how many of the wanted items may be on it. */
export type Room = (wanted: number) => Promise<number>;

/**
 * Bounds what pages hold while they are put together and while slow clients take them: when much is waiting, new pages
 * have fewer items than asked for and a token for the rest, which the API allows at any time.
 */
export class PageBudget {
  readonly #rooms = new Semaphore(PAGES_AT_ONCE);
  readonly #elsewhere = new Semaphore(ELSEWHERE_AT_ONCE);
  #waitingBytes = 0;

  /** `make` asks for room once it has all that others must not wait for, such as another site's answer. */
  async build(make: (room: Room) => Promise<HttpReply>): Promise<HttpReply> {
    let leave = () => {};
    const room: Room = async (wanted) => {
      leave = await this.#rooms.enter();
      return this.#waitingBytes > WAITING_BYTES_MAX ? Math.min(wanted, SMALL_PAGE_ITEMS) : wanted;
    };
    try {
      const reply = await make(room);
      return { ...reply, onDone: this.#hold(Number(reply.headers['Content-Length'] ?? 0)) };
    } finally {
      leave();
    }
  }

  /** As `build`, for answers another site has a part in: however slow it is, pages that need nobody do not wait. */
  async buildElsewhere(make: (room: Room) => Promise<HttpReply>): Promise<HttpReply> {
    return this.#elsewhere.run(() => this.build(make));
  }

  /** Counts a page until the function it answers is called. */
  #hold(bytes: number): () => void {
    this.#waitingBytes += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#waitingBytes -= bytes;
      isHeld = false;
    };
  }
}
