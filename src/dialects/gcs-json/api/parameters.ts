/** Path and query parameters as values of their types. Malformed ones are 400 and name the parameter. */
import type { Params } from '../../shared/router.ts';
import { queryValues, type Target } from '../../shared/target.ts';
import { invalidParameter, requiredParameter } from './bad-input.ts';
import { GLOBALS, type Method, type Parameter } from './methods.ts';
import type { ScalarKind } from './schema.ts';

/** 64-bit numbers are `bigint`, 32-bit ones `number`, everything else that is no boolean is text. */
export type ParameterValue = string | boolean | number | bigint | readonly string[];
/** What was given, decoded; what was not given is not there. */
export type DecodedParameters = ReadonlyMap<string, ParameterValue>;

/** Python's multipart uploads write these; a precondition that nobody heard would be worse. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ifMetagenerationMatch', 'ifMetaGenerationMatch'],
  ['ifMetagenerationNotMatch', 'ifMetaGenerationNotMatch'],
]);

/** The parameters of `method` and those of every method. Others are ignored, as GCS does. */
export function decodeParameters(method: Method, target: Target, path: Params): DecodedParameters {
  const decoded = new Map<string, ParameterValue>();
  for (const parameters of [method.parameters, GLOBALS]) {
    for (const parameter of parameters.values()) {
      const value = parameter.isInPath ? path[parameter.name] : decodeQuery(parameter, target);
      if (value !== undefined) decoded.set(parameter.name, value);
      else if (parameter.isRequired) throw requiredParameter(parameter.name);
    }
  }
  return decoded;
}

function decodeQuery(parameter: Parameter, target: Target): ParameterValue | undefined {
  const { name, schema } = parameter;
  if (parameter.isRepeated) {
    const values = queryValues(target, name).filter((value) => value !== '');
    return values.length === 0 ? undefined : values;
  }
  const { query } = target;
  const alias = query.has(name) ? name : (ALIASES.get(name) ?? name);
  const text = query.get(alias);
  if (text === undefined) return undefined;
  const value = READ[schema.kind](text, alias);
  if (typeof value === 'string' && schema.values?.has(value) === false) {
    throw invalidParameter(name, `Invalid value for ${name}: ${value.slice(0, 100)}`);
  }
  return value;
}

type Read = (text: string, name: string) => ParameterValue | undefined;

/** Empty counts as absent: Go sends `endOffset=`. */
const readText: Read = (text) => (text === '' ? undefined : text);

const readBoolean: Read = (text, name) => {
  const value = text.toLowerCase();
  if (value === '') return undefined;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalidParameter(name, `Invalid boolean value: '${text.slice(0, 100)}'.`);
};

function readInteger(kind: string, most: bigint): (text: string, name: string) => bigint {
  return (text, name) => {
    const value = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
    if (value !== undefined && value <= most) return value;
    throw invalidParameter(name, `Invalid ${kind} value: '${text.slice(0, 100)}'.`);
  };
}

const readInt64 = readInteger('long', 2n ** 63n - 1n);
const readUint64 = readInteger('unsigned long', 2n ** 64n - 1n);
const readInt32 = readInteger('integer', 2n ** 31n - 1n);
const readUint32 = readInteger('unsigned integer', 2n ** 32n - 1n);

const READ: Readonly<Record<ScalarKind, Read>> = {
  string: readText,
  boolean: readBoolean,
  int32: (text, name) => Number(readInt32(text, name)),
  uint32: (text, name) => Number(readUint32(text, name)),
  int64: readInt64,
  uint64: readUint64,
  dateTime: readText,
  date: readText,
  duration: readText,
  bytes: readText,
  any: readText,
};
