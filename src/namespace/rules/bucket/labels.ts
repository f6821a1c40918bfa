import type { JsonObject } from '../../../model/operation.ts';
import { invalidField, objectOf } from './read-json.ts';

/** Keys and values of labels (https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels). */

const LABELS_MAX = 64;
const CHARACTERS = '[\\p{Ll}\\p{Lo}\\p{N}_-]';
const KEY = new RegExp(`^[\\p{Ll}\\p{Lo}]${CHARACTERS}{0,62}$`, 'u');
const VALUE = new RegExp(`^${CHARACTERS}{0,63}$`, 'u');
const BYTES_MAX = 128;

export function checkedLabels(value: unknown): JsonObject | undefined {
  const labels = objectOf(value, 'labels');
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    throw invalidField('labels', `A bucket can have ${LABELS_MAX} labels at most, not ${entries.length}.`);
  }
  for (const [key, text] of entries) {
    const isValid = isLabel(KEY, key) && typeof text === 'string' && isLabel(VALUE, text);
    if (isValid) continue;
    const message = `Invalid user label: ${key.slice(0, 100)} with value ${String(text).slice(0, 100)}`;
    throw invalidField('labels', message);
  }
  return entries.length === 0 ? undefined : labels;
}

function isLabel(pattern: RegExp, text: string): boolean {
  return pattern.test(text) && Buffer.byteLength(text) <= BYTES_MAX;
}
