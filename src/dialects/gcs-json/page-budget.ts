/** Bytes of listing pages that may wait for their clients before pages get small. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;
/** Items of a page while more than that waits. */
const SMALL_PAGE_ITEMS = 20;

/**
 * Bounds what pages hold while slow clients take them: when much is waiting, new pages have fewer items than asked for
 * and a token for the rest, which the API allows at any time.
 */
export class PageBudget {
  #waitingBytes = 0;

  itemsAllowed(wanted: number): number {
    return this.#waitingBytes > WAITING_BYTES_MAX ? Math.min(wanted, SMALL_PAGE_ITEMS) : wanted;
  }

  /** Counts a page until the function it answers is called. */
  hold(bytes: number): () => void {
    this.#waitingBytes += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#waitingBytes -= bytes;
      isHeld = false;
    };
  }
}
