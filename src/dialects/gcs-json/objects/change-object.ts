/** objects.patch, objects.update and objects.delete. */
import type { ObjectAddress } from '../../../namespace/read-object.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import { readBody } from '../../shared/request-body.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import { changingPreconditions, generationParam, projectionParam } from '../api/decode-params.ts';
import { OBJECT_NAMES, parseResource, type Resource } from '../api/resources.ts';
import { answerForm, NO_CONTENT, renderJson } from '../protocol/render-json.ts';
import { patchedAttributes, replacedAttributes } from './decode-object.ts';
import { renderObject } from './render-object.ts';

export const JSON_BODY_BYTES_MAX = 1024 * 1024;

export function patchObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  return changeObject(context, request, { params, decode: patchedAttributes });
}

export function updateObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  return changeObject(context, request, { params, decode: replacedAttributes });
}

interface ChangeParts {
  readonly params: Params;
  readonly decode: typeof patchedAttributes;
}

async function changeObject(context: GcsJsonContext, request: HttpRequest, parts: ChangeParts): Promise<HttpReply> {
  const form = answerForm(request, OBJECT_NAMES);
  const projection = projectionParam(request.target.query, 'full');
  const address = addressOf(context, request, parts.params);
  const preconditions = changingPreconditions(request, context.generations);
  const change = parts.decode(await readResource(request));
  const object = await context.namespace.changeObject({ address, preconditions, change });
  const { generations } = context;
  return renderJson(renderObject(object, { origin: request.origin, generations, projection }), form);
}

export async function deleteObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const address = addressOf(context, request, params);
  const preconditions = changingPreconditions(request, context.generations);
  await context.namespace.deleteObject({ address, preconditions });
  return NO_CONTENT;
}

function addressOf(context: GcsJsonContext, request: HttpRequest, params: Params): ObjectAddress {
  const { bucket = '', object: name = '' } = params;
  const generation = generationParam(request.target.query, 'generation', context.generations);
  return { bucket, name, ...(generation === undefined ? {} : { generation }) };
}

export async function readResource(request: HttpRequest): Promise<Resource> {
  return parseResource(await readBody(request, JSON_BODY_BYTES_MAX));
}
