/** What a test claims of a request, held against what it sent, and taken away before the server sees it. */
import assert from 'node:assert/strict';
import type { RequestFilter } from '../../src/dialects/gcs-json/api/call.ts';
import type { MethodId } from '../../src/dialects/gcs-json/api/document.ts';
import { GLOBALS, type Method } from '../../src/dialects/gcs-json/api/methods.ts';
import type { DecodedParameters, ParameterValue } from '../../src/dialects/gcs-json/api/parameters.ts';
import type { RequestHeaders } from '../../src/dialects/shared/http-message.ts';
import type { Claim } from './api-test.ts';

export type ClaimKind = 'parameter' | 'field' | 'header';

/** Something a request says to a method. */
export interface Point {
  readonly method: MethodId;
  readonly kind: ClaimKind;
  readonly name: string;
}

/** `drop`: the method does not hear it. `invert`: a precondition is judged the wrong way round. */
export interface Mutation extends Point {
  readonly how: 'drop' | 'invert';
}

export function pointsOf(claim: Claim): readonly Point[] {
  const points = (kind: ClaimKind, names: readonly string[] = []) =>
    names.map((name): Point => ({ method: claim.method, kind, name }));
  return [
    ...points('parameter', claim.parameters),
    ...points('parameter', claim.globals),
    ...points('field', claim.fields),
    ...points('header', claim.headers),
  ];
}

export function mutationsOf(point: Point): readonly Mutation[] {
  const hows = inverse(point.name) === undefined ? (['drop'] as const) : (['drop', 'invert'] as const);
  return hows.map((how) => ({ ...point, how }));
}

const INVERSES: readonly (readonly [RegExp, string])[] = [
  [/^(if(?:Source)?(?:Metag|G)eneration)Match$/, '$1NotMatch'],
  [/^(if(?:Source)?(?:Metag|G)eneration)NotMatch$/, '$1Match'],
  [/^(x-goog-if-(?:meta)?generation)-match$/, '$1-not-match'],
  [/^(x-goog-if-(?:meta)?generation)-not-match$/, '$1-match'],
  [/^if-match$/, 'if-none-match'],
  [/^if-none-match$/, 'if-match'],
];

/** The precondition that holds exactly when this one does not. */
function inverse(name: string): string | undefined {
  const found = INVERSES.find(([pattern]) => pattern.test(name));
  return found === undefined ? undefined : name.replace(...found);
}

/** Notes what each method was told, and changes nothing. */
export class Recorder implements RequestFilter {
  readonly #sent = new Set<string>();

  parameters({ id }: Method, decoded: DecodedParameters): DecodedParameters {
    this.#sent.add(id);
    for (const name of decoded.keys()) this.#sent.add(`${id} parameter ${name}`);
    return decoded;
  }

  headers({ id }: Method, headers: RequestHeaders): RequestHeaders {
    for (const name of Object.keys(headers)) this.#sent.add(`${id} header ${name}`);
    return headers;
  }

  resource({ id }: Method, resource: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    for (const path of pathsIn(resource)) this.#sent.add(`${id} field ${path}`);
    return resource;
  }

  /** A claim about something the test did not send cannot be true. */
  assertSent(claims: readonly Claim[]): void {
    for (const claim of claims) {
      assert.ok(this.#sent.has(claim.method), `the test claims ${claim.method} but does not call it`);
      for (const { method, kind, name } of pointsOf(claim)) {
        assert.ok(this.#sent.has(`${method} ${kind} ${name}`), `the test claims the ${kind} ${name} of ${method}`);
      }
    }
  }
}

function pathsIn(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((member) => pathsIn(member, path))];
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([name, member]) => pathsIn(member, path === '' ? name : `${path}.${name}`)),
  ];
}

/** Makes a method deaf to one thing, or judge one precondition the wrong way round. */
export function mutatingFilter(mutation: Mutation): RequestFilter {
  const concerns = (method: Method, kind: ClaimKind) => mutation.method === method.id && mutation.kind === kind;
  const renamed = mutation.how === 'invert' ? inverse(mutation.name) : undefined;
  return {
    parameters(method, decoded) {
      const value = decoded.get(mutation.name);
      if (!concerns(method, 'parameter') || value === undefined) return decoded;
      const changed = new Map(decoded);
      changed.delete(mutation.name);
      if (renamed !== undefined) changed.set(renamed, value);
      else if (isRequired(method, mutation.name)) changed.set(mutation.name, otherValue(value));
      return changed;
    },
    headers(method, headers) {
      const value = headers[mutation.name];
      if (!concerns(method, 'header') || value === undefined) return headers;
      const { [mutation.name]: _, ...rest } = headers;
      return renamed === undefined ? rest : { ...rest, [renamed]: value };
    },
    resource(method, resource) {
      if (!concerns(method, 'field')) return resource;
      return without(resource, mutation.name.split('.')) as Readonly<Record<string, unknown>>;
    },
  };
}

function isRequired(method: Method, name: string): boolean {
  return (method.parameters.get(name) ?? GLOBALS.get(name))?.isRequired === true;
}

/** A method cannot do without a required parameter: ignoring it means to take something else for it. */
function otherValue(value: ParameterValue): ParameterValue {
  if (typeof value === 'string') return `${value}-ignored`;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'bigint') return value + 1n;
  return ['ignored'];
}

function without(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((member) => without(member, path));
  if (typeof value !== 'object' || value === null) return value;
  const [name = '', ...rest] = path;
  const { [name]: member, ...others } = value as Readonly<Record<string, unknown>>;
  return member === undefined || rest.length === 0 ? others : { ...others, [name]: without(member, rest) };
}
