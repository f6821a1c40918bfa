import { StraitError } from '../../../model/errors.ts';
import type { NamedObject } from '../../../model/object.ts';
import type { ListInput, ListResult } from '../../../namespace/list-objects.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import { booleanParam, maxResultsParam, projectionParam, textParam } from '../api/decode-params.ts';
import { below, isSelected, select } from '../api/fields.ts';
import { OBJECTS_NAMES } from '../api/resources.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { type AnswerForm, answerForm, JSON_HEADERS, type Page, renderPage } from '../protocol/render-json.ts';
import { type RenderObjectContext, renderObject } from './render-object.ts';

export async function listObjects(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const { query } = request.target;
  const form = answerForm(request, OBJECTS_NAMES);
  const projection = projectionParam(query, 'noAcl');
  const input = decodeList(request, params['bucket'] ?? '');
  const isSoftDeleted = booleanParam(query, 'softDeleted');
  const { generations } = context;
  return context.pages.build(async (room) => {
    const found = await context.namespace.listObjects({ ...input, room });
    // Nothing is soft-deleted here: a delete is a delete.
    const result: ListResult = isSoftDeleted ? { items: [], prefixes: [] } : found;
    return renderListing(result, form, { origin: request.origin, generations, projection });
  });
}

function decodeList(request: HttpRequest, bucket: string): ListInput {
  const { query } = request.target;
  for (const name of ['matchGlob', 'filter']) {
    if (textParam(query, name) === undefined) continue;
    throw new StraitError('unsupported', `The parameter ${name} is not supported.`, { feature: name });
  }
  // There are live generations only, so `versions` changes nothing; it is still read, to refuse a malformed one.
  booleanParam(query, 'versions');
  const pageToken = textParam(query, 'pageToken');
  const texts = { prefix: textParam(query, 'prefix'), delimiter: textParam(query, 'delimiter') };
  const offsets = { startOffset: textParam(query, 'startOffset'), endOffset: textParam(query, 'endOffset') };
  return {
    bucket,
    ...present(texts),
    ...present(offsets),
    includeTrailingDelimiter: booleanParam(query, 'includeTrailingDelimiter'),
    maxResults: maxResultsParam(query),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken) }),
  };
}

function present<Key extends string>(texts: Record<Key, string | undefined>): { [K in Key]?: string } {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)) as { [K in Key]?: string };
}

async function renderListing(result: ListResult, form: AnswerForm, context: RenderObjectContext): Promise<HttpReply> {
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
  context: RenderObjectContext,
): Generator<unknown> {
  for (const item of items) yield select(renderObject(item, context), selection);
}
