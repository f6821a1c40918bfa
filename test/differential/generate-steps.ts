/** Sequences of requests that make sense after one another: what clients say to two buckets and their objects. */
import fc from 'fast-check';
import { aclSteps } from './generate-acls.ts';
import { bucketSteps, makeBuckets } from './generate-buckets.ts';
import { objectSteps } from './generate-objects.ts';
import { uploadSteps } from './generate-uploads.ts';
import type { Step } from './step.ts';

const fragment: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 8, arbitrary: objectSteps },
  { weight: 3, arbitrary: uploadSteps },
  { weight: 2, arbitrary: aclSteps },
  { weight: 2, arbitrary: bucketSteps },
);

export const sequence: fc.Arbitrary<readonly Step[]> = fc
  .tuple(makeBuckets, fc.array(fragment, { minLength: 1, maxLength: 12, size: 'max' }))
  .map(([buckets, fragments]) => [...buckets, ...fragments.flat()]);
