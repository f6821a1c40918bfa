import { StraitError } from '../../../model/errors.ts';
import type { JsonObject } from '../../../model/operation.ts';

/** Reading the settings of a bucket, which are JSON that clients wrote: `field` is the path a refusal names. */

export function invalidField(field: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field });
}

export function objectOf(value: unknown, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalidField(field, `${field} is an object.`);
}

/** Absent and `null` are no list. */
export function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw invalidField(field, `${field} is a list.`);
}

export function textsOf(value: unknown, field: string): readonly string[] {
  return listOf(value, field).map((member) => textOf(member, field));
}

export function textOf(value: unknown, field: string): string {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  throw invalidField(field, `${field} is a text.`);
}

export function flagOf(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidField(field, `${field} is true or false.`);
}

/** A whole number, as JSON has them or as the decimal text of a 64-bit one. */
export function integerOf(value: unknown, field: string): number {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw invalidField(field, `${field} is a whole number.`);
}

export function choiceOf<Choice extends string>(value: unknown, choices: readonly Choice[], field: string): Choice {
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  throw invalidField(field, `Invalid value for: ${String(value).slice(0, 100)} is not a valid value`);
}

/** The fields that are there, as they read. */
export function present(fields: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
