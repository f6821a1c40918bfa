/**
 * The frame every method of the API runs in: its parameters, its resource and the wanted form of its answer are decoded
 * and checked by the discovery document before its handler is called.
 */
import type { HttpReply, HttpRequest, RequestHeaders } from '../../shared/http-message.ts';
import { readBody } from '../../shared/request-body.ts';
import type { Params } from '../../shared/router.ts';
import { type AnswerForm, answerForm } from '../protocol/render-json.ts';
import { requiredParameter } from './bad-input.ts';
import { checkResource, JSON_BODY_BYTES_MAX, parseResource, type Resource } from './body.ts';
import type { GcsJsonContext } from './context.ts';
import type { GlobalParameter, MethodId, ParameterOf } from './document.ts';
import type { Method } from './methods.ts';
import { type DecodedParameters, decodeParameters, type ParameterValue } from './parameters.ts';

export type Handler<Id extends MethodId = MethodId> = (call: Call<Id>) => Promise<HttpReply>;

/**
 * Changes decoded requests before their handlers see them. Tests prove with it that a parameter matters: whoever
 * serves in earnest has none.
 */
export interface RequestFilter {
  parameters(method: Method, decoded: DecodedParameters): DecodedParameters;
  headers(method: Method, headers: RequestHeaders): RequestHeaders;
  resource(method: Method, resource: Resource): Resource;
}

/** A request for one method, decoded. Reading a parameter the method does not have answers as if it was not given. */
export class Call<Id extends MethodId = MethodId> {
  readonly context: GcsJsonContext;
  readonly method: Method;
  readonly request: HttpRequest;
  /** What the client set of the method's resource; empty where the method takes none, or takes it beside media. */
  readonly body: Resource;
  readonly form: AnswerForm;
  readonly #parameters: DecodedParameters;

  constructor(parts: CallParts) {
    this.context = parts.context;
    this.method = parts.method;
    this.request = parts.request;
    this.body = parts.body;
    this.#parameters = parts.parameters;
    this.form = answerForm(parts.method.answer, {
      fields: this.text('fields'),
      prettyPrint: this.#parameters.get('prettyPrint') !== false,
    });
  }

  /** One that is required, or in the path. */
  required(name: ParameterOf<Id>): string {
    const value = this.text(name);
    if (value === undefined) throw requiredParameter(name);
    return value;
  }

  text(name: ParameterOf<Id> | GlobalParameter): string | undefined {
    const value = this.#parameters.get(name);
    return value === undefined ? undefined : expect(value, 'string', name);
  }

  /** False when it is not given. */
  flag(name: ParameterOf<Id>): boolean {
    const value = this.#parameters.get(name);
    return value === undefined ? false : expect(value, 'boolean', name);
  }

  integer(name: ParameterOf<Id>): number | undefined {
    const value = this.#parameters.get(name);
    return value === undefined ? undefined : expect(value, 'number', name);
  }

  /** A 64-bit one. */
  long(name: ParameterOf<Id>): bigint | undefined {
    const value = this.#parameters.get(name);
    return value === undefined ? undefined : expect(value, 'bigint', name);
  }

  /** All values of a repeated one, in order. */
  list(name: ParameterOf<Id>): readonly string[] {
    const value = this.#parameters.get(name);
    return Array.isArray(value) ? value : [];
  }

  /** What was given of the method's own parameters in the query. */
  query(): readonly (readonly [name: string, value: string])[] {
    return [...this.method.parameters.values()].flatMap(({ name, isInPath }) => {
      const value = isInPath ? undefined : this.#parameters.get(name);
      if (value === undefined) return [];
      const values = Array.isArray(value) ? value : [value];
      return values.map((one) => [name, String(one)] as const);
    });
  }

  /** A resource that did not come as the request's body, such as the first part of an upload. */
  resource(json: Uint8Array): Resource {
    return decodeResource(this.method, this.context.filter, json);
  }
}

interface CallParts {
  readonly context: GcsJsonContext;
  readonly method: Method;
  readonly request: HttpRequest;
  readonly parameters: DecodedParameters;
  readonly body: Resource;
}

interface TypeNames {
  string: string;
  boolean: boolean;
  number: number;
  bigint: bigint;
}

function expect<Name extends keyof TypeNames>(value: ParameterValue, type: Name, parameter: string): TypeNames[Name] {
  if (typeof value === type) return value as TypeNames[Name];
  throw new TypeError(`the document's ${parameter} is no ${type}`);
}

/** What the router calls for `method`. */
export function callHandler(method: Method, handler: Handler<never>, context: GcsJsonContext) {
  const { filter, answered } = context;
  const carryOut = async (routed: RoutedRequest): Promise<HttpReply> =>
    await handler((await decodeCall(method, context, routed)) as Call<never>);
  return async (sent: HttpRequest, params: Params): Promise<HttpReply> => {
    const request = filter === undefined ? sent : withHeaders(sent, filter, method);
    // It answers with a secret, which is kept nowhere but where it must.
    if (method.id === 'projects.hmacKeys.create') return carryOut({ request, params });
    return answered.once(request, (once) => carryOut({ request: once, params }));
  };
}

interface RoutedRequest {
  readonly request: HttpRequest;
  readonly params: Params;
}

async function decodeCall(method: Method, context: GcsJsonContext, { request, params }: RoutedRequest): Promise<Call> {
  const { filter } = context;
  trace(request, params);
  const decoded = decodeParameters(method, request.target, params);
  const parameters = filter === undefined ? decoded : filter.parameters(method, decoded);
  await context.payers.assertNamed(method, { request, parameters });
  const hasBody = method.body !== undefined && method.uploadPaths.length === 0;
  const body = hasBody ? decodeResource(method, filter, await readBody(request, JSON_BODY_BYTES_MAX)) : {};
  return new Call({ context, method, request, parameters, body });
}

function decodeResource(method: Method, filter: RequestFilter | undefined, json: Uint8Array): Resource {
  if (method.body === undefined) return {};
  const resource = checkResource(parseResource(json), method.body, method.documentId);
  return filter === undefined ? resource : filter.resource(method, resource);
}

function trace({ trace: traced }: HttpRequest, params: Params): void {
  const bucket = params['bucket'] ?? params['sourceBucket'] ?? params['destinationBucket'];
  const object = params['object'] ?? params['sourceObject'] ?? params['destinationObject'];
  if (bucket !== undefined) traced.bucket = bucket;
  if (object !== undefined) traced.object = object;
}

function withHeaders(request: HttpRequest, filter: RequestFilter, method: Method): HttpRequest {
  const { id, method: verb, target, origin, body, trace } = request;
  const headers = filter.headers(method, request.headers);
  // The signal is made when it is asked for.
  return {
    id,
    method: verb,
    target,
    headers,
    origin,
    body,
    trace,
    get signal() {
      return request.signal;
    },
  };
}
