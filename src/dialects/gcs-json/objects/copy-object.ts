/** objects.copy, objects.rewrite, objects.move and objects.compose. All end in their first call: no bytes move. */
import { generation } from '../../../model/ids.ts';
import type { NamedObject, ObjectAttributes } from '../../../model/object.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import type { ComposeInput, CopyInput } from '../../../namespace/copy-object.ts';
import type { HttpReply, HttpRequest } from '../../shared/http-message.ts';
import type { Params } from '../../shared/router.ts';
import type { GcsJsonContext } from '../api/context.ts';
import {
  booleanParam,
  changingPreconditions,
  generationParam,
  int64Param,
  invalidParameter,
  projectionParam,
  refuseCustomerKeys,
  requiredParameter,
  sourcePreconditions,
} from '../api/decode-params.ts';
import {
  COMPOSE_FIELDS,
  checkInt64,
  isObject,
  OBJECT_FIELDS,
  OBJECT_NAMES,
  REWRITE_NAMES,
  type Resource,
  readFields,
} from '../api/resources.ts';
import { type AnswerForm, answerForm, renderJson } from '../protocol/render-json.ts';
import { readResource } from './change-object.ts';
import { decodeObject } from './decode-object.ts';
import { renderObject } from './render-object.ts';

const MEBIBYTE = 1024n * 1024n;

export async function copyObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const form = answerForm(request, OBJECT_NAMES);
  const { input, resource } = await decodeCopy(context, request, params);
  const object = await context.namespace.copyObject(input);
  return renderJson(renderCopied(context, request, { object, resource }), form);
}

export async function rewriteObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const form = answerForm(request, REWRITE_NAMES);
  const perCall = int64Param(request.target.query, 'maxBytesRewrittenPerCall');
  if (perCall !== undefined && (perCall === 0n || perCall % MEBIBYTE !== 0n)) {
    throw invalidParameter('maxBytesRewrittenPerCall', 'maxBytesRewrittenPerCall must be a multiple of 1 MiB.');
  }
  const { input, resource } = await decodeCopy(context, request, params);
  const object = await context.namespace.copyObject(input);
  const size = String(object.state.size);
  const answer = {
    kind: 'storage#rewriteResponse',
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource: renderCopied(context, request, { object, resource }),
  };
  return renderJson(answer, form);
}

export async function moveObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  const form = answerForm(request, OBJECT_NAMES);
  const { bucket = '', object: name = '', destinationObject = '' } = params;
  const projection = projectionParam(request.target.query, 'noAcl');
  const object = await context.namespace.moveObject({
    source: { bucket, name },
    sourcePreconditions: sourcePreconditions(request, context.generations),
    destination: { bucket, name: destinationObject },
    preconditions: changingPreconditions(request, context.generations),
  });
  const { generations } = context;
  return renderJson(renderObject(object, { origin: request.origin, generations, projection }), form);
}

async function decodeCopy(
  context: GcsJsonContext,
  request: HttpRequest,
  params: Params,
): Promise<{ readonly input: CopyInput; readonly resource: Resource }> {
  refuseCustomerKeys(request);
  projectionParam(request.target.query, 'noAcl');
  const { bucket = '', object: name = '', destinationBucket = '', destinationObject = '' } = params;
  const sourceGeneration = generationParam(request.target.query, 'sourceGeneration', context.generations);
  const source = { bucket, name, ...(sourceGeneration === undefined ? {} : { generation: sourceGeneration }) };
  const preconditions = changingPreconditions(request, context.generations);
  const resource = await readResource(request);
  const input: CopyInput = {
    source,
    sourcePreconditions: sourcePreconditions(request, context.generations),
    destination: { bucket: destinationBucket, name: destinationObject },
    preconditions,
  };
  return { input: await withAttributes(context, input, resource), resource };
}

/**
 * A body that sets any metadata replaces all of the source's (objects.rewrite page). One that only names a storage
 * class changes the class and keeps the metadata: that is how clients change the class of an object.
 */
async function withAttributes(context: GcsJsonContext, input: CopyInput, resource: Resource): Promise<CopyInput> {
  const { name: _name, ...fields } = readFields(resource, OBJECT_FIELDS);
  const given = Object.keys(fields).filter((field) => field !== 'crc32c' && field !== 'md5Hash');
  if (given.length === 0) return input;
  const { attributes } = decodeObject(resource);
  if (given.some((field) => field !== 'storageClass')) return { ...input, attributes };
  const source = await context.namespace.getObject({ address: input.source, preconditions: input.sourcePreconditions });
  const sourcePin: Preconditions = {
    ...input.sourcePreconditions,
    ifGenerationMatch: source.state.generation,
    ifMetagenerationMatch: source.state.metageneration,
  };
  return { ...input, sourcePreconditions: sourcePin, attributes: { ...attributesOf(source), ...attributes } };
}

function attributesOf({ state }: NamedObject): ObjectAttributes {
  const {
    generation: _generation,
    metageneration: _metageneration,
    size: _size,
    crc32c: _crc32c,
    md5: _md5,
    etag: _etag,
    timeCreatedMs: _timeCreatedMs,
    updatedMs: _updatedMs,
    timeStorageClassUpdatedMs: _timeStorageClassUpdatedMs,
    timeFinalizedMs: _timeFinalizedMs,
    componentCount: _componentCount,
    content: _content,
    ...attributes
  } = state;
  return attributes;
}

interface Copied {
  readonly object: NamedObject;
  readonly resource: Resource;
}

function renderCopied(context: GcsJsonContext, request: HttpRequest, { object, resource }: Copied): Resource {
  const projection = projectionParam(request.target.query, resource['acl'] === undefined ? 'noAcl' : 'full');
  return renderObject(object, { origin: request.origin, generations: context.generations, projection });
}

export async function composeObject(context: GcsJsonContext, request: HttpRequest, params: Params): Promise<HttpReply> {
  refuseCustomerKeys(request);
  const form: AnswerForm = answerForm(request, OBJECT_NAMES);
  const { bucket = '', object: name = '' } = params;
  const preconditions = changingPreconditions(request, context.generations);
  const fields = readFields(await readResource(request), COMPOSE_FIELDS);
  const destination = isObject(fields['destination']) ? fields['destination'] : {};
  const object = await context.namespace.composeObject({
    destination: { bucket, name },
    attributes: decodeObject(destination).attributes,
    preconditions,
    sources: decodeSources(fields['sourceObjects'], context),
    deleteSources: fields['deleteSourceObjects'] === true || booleanParam(request.target.query, 'deleteSourceObjects'),
  });
  return renderJson(renderCopied(context, request, { object, resource: destination }), form);
}

function decodeSources(given: unknown, context: GcsJsonContext): ComposeInput['sources'] {
  const sources: readonly unknown[] = Array.isArray(given) ? given : [];
  return sources.map((source, index) => decodeSource(source, { field: `sourceObjects[${index}]`, context }));
}

interface SourcePlace {
  readonly field: string;
  readonly context: GcsJsonContext;
}

function decodeSource(source: unknown, { field, context }: SourcePlace): ComposeInput['sources'][number] {
  if (!isObject(source) || typeof source['name'] !== 'string' || source['name'] === '') {
    throw requiredParameter(`${field}.name`);
  }
  const { objectPreconditions, generation: wire } = source;
  const wanted = readGeneration(wire, `${field}.generation`);
  const match = isObject(objectPreconditions)
    ? readGeneration(objectPreconditions['ifGenerationMatch'], `${field}.objectPreconditions.ifGenerationMatch`)
    : undefined;
  const { generations } = context;
  return {
    name: source['name'],
    ...(wanted === undefined ? {} : { generation: generation(generations.fromWire(wanted)) }),
    ...(match === undefined ? {} : { ifGenerationMatch: generations.fromWire(match) }),
  };
}

function readGeneration(value: unknown, field: string): bigint | undefined {
  if (value === undefined || value === null) return undefined;
  return BigInt(checkInt64(value, field));
}
