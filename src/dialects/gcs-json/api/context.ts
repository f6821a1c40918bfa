import type { Namespace } from '../../../namespace/service.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';
import type { PageBudget } from '../protocol/page-budget.ts';
import type { RequestFilter } from './call.ts';

/** What every method of the JSON API is given. */
export interface GcsJsonContext {
  readonly namespace: Namespace;
  readonly generations: GenerationCodec;
  readonly pages: PageBudget;
  /** Absent but in tests. */
  readonly filter?: RequestFilter;
}
