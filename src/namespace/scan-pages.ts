import type { KeyRange, MetadataView, Row } from '../stores/metadata/port.ts';
import { justAfter } from './rows/keys.ts';

const PAGE_ROWS = 200;

/** All rows of a range, page by page, each page at a version of its own. Ends early when `signal` aborts. */
export async function* scanPages(
  view: MetadataView,
  range: KeyRange,
  signal: AbortSignal,
): AsyncIterable<readonly Row[]> {
  let { start } = range;
  while (!signal.aborted) {
    const rows = await view.scan({ start, end: range.end }, { limit: PAGE_ROWS });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    start = justAfter(last.key);
  }
}
