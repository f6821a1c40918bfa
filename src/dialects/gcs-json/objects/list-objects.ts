import type { NamedObject } from '../../../model/object.ts';
import type { ListInput, ListResult } from '../../../namespace/list-objects.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { type ShownLists, shownLists } from '../acls/shown-lists.ts';
import { invalidParameter } from '../api/bad-input.ts';
import type { Call } from '../api/call.ts';
import { pageResults } from '../api/decode-params.ts';
import { below, isSelected, select } from '../api/fields.ts';
import { listOwnerLists, type OwnerLists, versionKey } from '../elsewhere/owner-lists.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { type AnswerForm, JSON_HEADERS, type Page, renderPage } from '../protocol/render-json.ts';
import { type RenderObjectContext, renderObject } from './render-object.ts';

export async function listObjects(call: Call<'objects.list'>): Promise<HttpReply> {
  const { context, form } = call;
  const { origin } = call.request;
  const { generations } = context;
  const input = decodeList(call);
  const lists = await shownLists(call, input.bucket, 'noAcl');
  const shown = { origin, generations, ...lists };
  if (!(await asksOwner(call, lists))) {
    return context.pages.build(async (room) =>
      renderListing(await context.namespace.listObjects({ ...input, room }), form, shown),
    );
  }
  return context.pages.buildElsewhere(async (room) => {
    const result = await context.namespace.listObjects(input);
    const areElsewhere = lists.areElsewhere === true;
    const ownerLists = areElsewhere ? await listOwnerLists(call, input.bucket, result.items) : undefined;
    await room(result.items.length);
    return renderListing(result, form, { ...shown, ...(ownerLists && { ownerLists }) });
  });
}

/** Whether another site has a part in the page. */
async function asksOwner(call: Call<'objects.list'>, { areElsewhere }: ShownLists): Promise<boolean> {
  if (areElsewhere === true) return true;
  if (!call.flag('versions') && !call.flag('includeFoldersAsPrefixes')) return false;
  return (await call.context.namespace.ownerElsewhere(call.required('bucket'))) !== undefined;
}

function decodeList(call: Call<'objects.list'>): ListInput {
  const pageToken = call.text('pageToken');
  const texts = { prefix: call.text('prefix'), delimiter: call.text('delimiter') };
  const offsets = { startOffset: call.text('startOffset'), endOffset: call.text('endOffset') };
  return {
    bucket: call.required('bucket'),
    ...present(texts),
    ...present(offsets),
    ...present({ matchGlob: call.text('matchGlob'), filter: call.text('filter') }),
    ...versionsOf(call),
    includeTrailingDelimiter: call.flag('includeTrailingDelimiter'),
    includeFoldersAsPrefixes: call.flag('includeFoldersAsPrefixes'),
    maxResults: pageResults(call.integer('maxResults')),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken) }),
  };
}

function versionsOf(call: Call<'objects.list'>): Pick<ListInput, 'versions'> {
  if (!call.flag('softDeleted')) return call.flag('versions') ? { versions: 'all' } : {};
  if (!call.flag('versions')) return { versions: 'softDeleted' };
  throw invalidParameter('softDeleted', 'softDeleted and versions cannot both be true.');
}

function present<Key extends string>(texts: Record<Key, string | undefined>): { [K in Key]?: string } {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)) as { [K in Key]?: string };
}

interface ListingContext extends RenderObjectContext {
  /** Of items whose owner is another site. */
  readonly ownerLists?: OwnerLists;
}

async function renderListing(result: ListResult, form: AnswerForm, context: ListingContext): Promise<HttpReply> {
  const { selection, pretty } = form;
  const { nextAfter } = result;
  const hasToken = nextAfter !== undefined && isSelected(selection, 'nextPageToken');
  const page: Page = {
    ...(isSelected(selection, 'kind') ? { kind: 'storage#objects' } : {}),
    ...(hasToken ? { nextPageToken: encodePageToken(nextAfter) } : {}),
    prefixes: isSelected(selection, 'prefixes') ? result.prefixes : [],
    items: isSelected(selection, 'items') ? renderItems(result.items, below(selection, 'items'), context) : [],
  };
  const chunks = await renderPage(page, pretty);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return { status: 200, headers: { ...JSON_HEADERS, 'Content-Length': length }, body: chunks };
}

function* renderItems(
  items: readonly NamedObject[],
  selection: AnswerForm['selection'],
  context: ListingContext,
): Generator<unknown> {
  const { ownerLists } = context;
  for (const item of items) {
    const lists = ownerLists?.get(versionKey(item));
    yield select({ ...renderObject(item, context), ...lists }, selection);
  }
}
