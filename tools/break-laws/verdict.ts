import type { TestOutcome } from '../test-run/suite-result.ts';

/** How a test took a broken law. All but `caught` and `skipped` ask for mending. */
export type Verdict =
  | { readonly kind: 'caught'; readonly why: string }
  /** The test cannot run here. */
  | { readonly kind: 'skipped'; readonly why: string }
  /** The test, or the mutation's text, does not fit the source any more. */
  | { readonly kind: 'stale'; readonly why: string }
  /** Red before anything was broken. */
  | { readonly kind: 'red before'; readonly why: string }
  | { readonly kind: 'missed'; readonly why: string }
  /** It failed, but not as it should: the mutation broke the program, or the test waited for ever. */
  | { readonly kind: 'wrong red'; readonly why: string };

/** Red that proves nothing: the program no longer runs, or nobody looked at what it did. */
const NO_PROOF = /^(?:caused by )?(?:Syntax|Type|Reference)Error|timed out after|still pending|^Error: Cannot find/m;

/** What stands in the way of a mutation, seen from a run without it; undefined when the test is green. */
export function judgeUnbroken(outcomes: readonly TestOutcome[]): Verdict | undefined {
  const failed = outcomes.find(({ outcome }) => outcome === 'failed');
  if (failed !== undefined) return { kind: 'red before', why: `${failed.name}: ${firstLine(failed.reason)}` };
  if (outcomes.some(({ outcome }) => outcome === 'passed')) return undefined;
  const skipped = outcomes.find(({ outcome }) => outcome === 'skipped');
  if (skipped !== undefined) return { kind: 'skipped', why: skipped.reason ?? 'no reason given' };
  return { kind: 'stale', why: 'no test of that name' };
}

/** Whether the test saw the law broken, and failed for the reason it should. */
export function judgeBroken(outcomes: readonly TestOutcome[], red: RegExp): Verdict {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  const seen = failed.find(({ reason = '' }) => !NO_PROOF.test(reason) && red.test(reason));
  if (seen !== undefined) return { kind: 'caught', why: `${seen.name}: ${firstLine(seen.reason)}` };
  const [other] = failed;
  if (other !== undefined) return { kind: 'wrong red', why: `${other.name}: ${other.reason?.slice(0, 400)}` };
  return { kind: 'missed', why: 'all tests passed' };
}

function firstLine(reason = ''): string {
  return reason.split('\n').find((line) => line.trim() !== '') ?? '';
}
