/** Parameters that mean the same to several methods. */
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
