import type { HttpReply, ReplyHeaders } from '../../shared/http-message.ts';
import type { Resource } from '../api/body.ts';
import { type FieldNames, parseFields, type Selection, select } from '../api/fields.ts';

export const NO_CACHE: ReplyHeaders = { 'Cache-Control': 'no-cache, no-store, max-age=0, must-revalidate' };

/** How a request wants its answer. Read before anything is changed, so that a bad `fields` changes nothing. */
export interface AnswerForm {
  readonly selection: Selection;
  /** Indented, as Google's answers are unless the client asks otherwise. */
  readonly pretty: boolean;
}

export interface WantedForm {
  readonly fields: string | undefined;
  readonly prettyPrint: boolean;
}

export function answerForm(known: FieldNames, wanted: WantedForm): AnswerForm {
  return { selection: parseFields(wanted.fields, known), pretty: wanted.prettyPrint };
}

/** A resource as the answer, cut down to what `fields` asks for. */
export function renderJson(resource: Resource, form: AnswerForm, headers?: ReplyHeaders): HttpReply {
  const body = Buffer.from(JSON.stringify(select(resource, form.selection), undefined, form.pretty ? 2 : 0));
  return { status: 200, headers: { ...JSON_HEADERS, 'Content-Length': body.length, ...headers }, body };
}

export const NO_CONTENT: HttpReply = { status: 204, headers: NO_CACHE };

export const JSON_HEADERS: ReplyHeaders = { 'Content-Type': 'application/json; charset=UTF-8', ...NO_CACHE };

export interface Page {
  readonly kind?: string;
  readonly nextPageToken?: string;
  readonly prefixes: readonly string[];
  /** Rendered one by one, never all at once as objects. */
  readonly items: Iterable<unknown>;
}

/** Items rendered before other requests get their turn: about a millisecond. */
const TURN_ITEMS = 100;

/**
 * A page of a listing, put together from one buffer an item, so that no giant object or string is made, and in turns
 * with other requests. Lists that are empty are left out, as GCS leaves them out.
 */
export async function renderPage(page: Page, pretty: boolean): Promise<readonly Buffer[]> {
  const eol = pretty ? '\n' : '';
  const colon = pretty ? ': ' : ':';
  const [one, two] = pretty ? ['  ', '    '] : ['', ''];
  const chunks: Buffer[] = [];
  let lead = `{${eol}`;
  const member = (name: string, text: string) => {
    chunks.push(Buffer.from(`${lead}${one}"${name}"${colon}${text}`));
    lead = `,${eol}`;
  };
  if (page.kind !== undefined) member('kind', JSON.stringify(page.kind));
  if (page.nextPageToken !== undefined) member('nextPageToken', JSON.stringify(page.nextPageToken));
  if (page.prefixes.length > 0) member('prefixes', indent(JSON.stringify(page.prefixes, undefined, one), one));
  let isFirst = true;
  let rendered = 0;
  for (const item of page.items) {
    rendered += 1;
    if (rendered % TURN_ITEMS === 0) await new Promise((resolve) => setImmediate(resolve));
    const text = indent(JSON.stringify(item, undefined, one), two);
    if (isFirst) member('items', `[${eol}${two}${text}`);
    else chunks.push(Buffer.from(`,${eol}${two}${text}`));
    isFirst = false;
  }
  if (!isFirst) chunks.push(Buffer.from(`${eol}${one}]`));
  chunks.push(Buffer.from(chunks.length === 0 ? '{}' : `${eol}}`));
  return chunks;
}

function indent(text: string, by: string): string {
  return by === '' ? text : text.replaceAll('\n', `\n${by}`);
}
