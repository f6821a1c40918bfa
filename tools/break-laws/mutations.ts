/** How each law is broken. `breaks` says it in words; the tests are those that ARCHITECTURE.md names for the law. */
import type { Mutation } from './mutation.ts';
import { LAW_12 } from './mutations/law-12.ts';
import { LAW_13 } from './mutations/law-13.ts';
import { LAW_1, LAW_2, LAW_3, LAW_4 } from './mutations/laws-1-to-4.ts';
import { LAW_5, LAW_6, LAW_7, LAW_8, LAW_9, LAW_10, LAW_11 } from './mutations/laws-5-to-11.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...LAW_1,
  ...LAW_2,
  ...LAW_3,
  ...LAW_4,
  ...LAW_5,
  ...LAW_6,
  ...LAW_7,
  ...LAW_8,
  ...LAW_9,
  ...LAW_10,
  ...LAW_11,
  ...LAW_12,
  ...LAW_13,
];
