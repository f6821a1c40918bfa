import { FAKE_GCS_DIFFERENCES } from './fake-gcs-differences.ts';
import type { KnownEntry } from './known-difference.ts';
import { TESTBENCH_DIFFERENCES } from './testbench-differences.ts';

/** Every difference that is known. docs/reference/differences.md is made of it. */
export const KNOWN_DIFFERENCES: readonly KnownEntry[] = [...FAKE_GCS_DIFFERENCES, ...TESTBENCH_DIFFERENCES];
