/** Parameters that mean the same to several methods. */
import { StraitError } from '../../../model/errors.ts';
import { type Generation, generation } from '../../../model/ids.ts';
import type { Call } from './call.ts';
import type { MethodId, ParameterOf } from './document.ts';

const PAGE_RESULTS_MAX = 1000;

/** Items a page may hold, from what was asked for: 1 to 1000, 1000 when not asked. */
export function pageResults(wanted: number | undefined): number {
  return wanted === undefined || wanted === 0 ? PAGE_RESULTS_MAX : Math.min(wanted, PAGE_RESULTS_MAX);
}

export type Projection = 'full' | 'noAcl';

export function projectionOf(call: Call, absent: Projection): Projection {
  return (call.text('projection') as Projection | undefined) ?? absent;
}

/** As stored: the number on the wire may be another. */
export function generationOf(call: Call, name: ParameterOf<MethodId>): Generation | undefined {
  const wire = call.long(name);
  return wire === undefined ? undefined : generation(call.context.generations.fromWire(wire));
}

/** Customer-supplied keys are not kept yet: storing such bytes in the clear would betray the client. */
export function refuseCustomerKeys(call: Call): void {
  const header = ['x-goog-encryption-algorithm', 'x-goog-copy-source-encryption-algorithm'].find(
    (name) => call.request.headers[name] !== undefined,
  );
  const parameter = (['kmsKeyName', 'destinationKmsKeyName'] as const).find((name) => call.text(name) !== undefined);
  const asked = header ?? parameter;
  if (asked === undefined) return;
  throw new StraitError('unsupported', `Encryption with your own keys (${asked}) is not supported.`, {
    feature: asked,
  });
}
