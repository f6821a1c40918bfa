/** What there is to test: every method of the discovery document with its parameters and the fields it takes. */

import type { MethodId } from '../../src/dialects/gcs-json/api/document.ts';
import { notYet } from '../../src/dialects/gcs-json/api/handlers.ts';
import { GLOBALS, METHODS } from '../../src/dialects/gcs-json/api/methods.ts';
import { inputFields } from '../../src/dialects/gcs-json/api/schema.ts';
import { HANDLERS } from '../../src/dialects/gcs-json/routes.ts';
import type { ClaimKind } from '../../test/support/claim-filters.ts';
import { WITHOUT_EFFECT } from './without-effect.ts';

export interface InventoryItem {
  readonly kind: Exclude<ClaimKind, 'header'>;
  readonly name: string;
  /** Why it counts for nothing, and who says so. */
  readonly withoutEffect?: string;
}

export interface InventoryMethod {
  readonly id: MethodId;
  /** Such as `GET b/{bucket}/o`. */
  readonly call: string;
  readonly isWritten: boolean;
  readonly items: readonly InventoryItem[];
}

export const GLOBAL_ITEMS: readonly InventoryItem[] = [...GLOBALS.keys()].map((name) => item('*', 'parameter', name));

export const INVENTORY: readonly InventoryMethod[] = Object.values(METHODS)
  .map((method) => ({
    id: method.id,
    call: `${method.verb} ${method.pattern.slice(1).replace(/:(\w+)/g, '{$1}')}`,
    isWritten: HANDLERS[method.id] !== notYet,
    items: [
      ...[...method.parameters.keys()].map((name) => item(method.id, 'parameter', name)),
      ...(method.body === undefined ? [] : inputFields(method.body)).map((name) => item(method.id, 'field', name)),
    ],
  }))
  .toSorted((left, right) => (left.id < right.id ? -1 : 1));

function item(method: MethodId | '*', kind: InventoryItem['kind'], name: string): InventoryItem {
  const found = WITHOUT_EFFECT.find(
    (row) => row.kind === kind && row.names.includes(name) && (row.methods as readonly string[]).includes(method),
  );
  return { kind, name, ...(found === undefined ? {} : { withoutEffect: found.source }) };
}
