import type { Namespace } from '../../../namespace/service.ts';
import type { OwnerReads } from '../../../sync/owner-reads.ts';
import type { AnsweredCalls } from '../protocol/answered-calls.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';
import type { PageBudget } from '../protocol/page-budget.ts';
import type { RequestFilter } from './call.ts';
import type { Payers } from './user-project.ts';

/** What every method of the JSON API is given. */
export interface GcsJsonContext {
  readonly namespace: Namespace;
  readonly generations: GenerationCodec;
  readonly pages: PageBudget;
  readonly payers: Payers;
  readonly answered: AnsweredCalls;
  /** Who is asked about buckets that another site owns; absent where none is followed. */
  readonly owner?: OwnerReads;
  /** Absent but in tests. */
  readonly filter?: RequestFilter;
}
