/**
 * The instructions of the retry test API (googleapis/storage-testbench, README "Force failures"): what goes wrong with
 * the next call of a method.
 */

const KIB = 1024;
/** A broken stream without a size breaks off after a few bytes. */
const BROKEN_STREAM_BYTES = 4;

export type Fault =
  /** An error answer, before anything is done; with `afterBytes` once the upload has this many, which are kept. */
  | { readonly kind: 'status'; readonly status: number; readonly afterBytes?: number }
  /** The connection is reset without an answer. `afterBytes` as above. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** A download breaks off after this many bytes of its body. */
  | { readonly kind: 'brokenStream'; readonly afterBytes: number }
  /** A transfer stands still for a time after this many bytes of its body. */
  | { readonly kind: 'stall'; readonly ms: number; readonly afterBytes: number };

type Parse = (numbers: readonly number[]) => Fault;

const GRAMMAR: readonly (readonly [pattern: RegExp, parse: Parse])[] = [
  [/^return-([45]\d\d)$/, ([status = 0]) => ({ kind: 'status', status })],
  [
    /^return-([45]\d\d)-after-(\d{1,9})K$/,
    ([status = 0, kib = 0]) => ({ kind: 'status', status, afterBytes: kib * KIB }),
  ],
  [/^return-reset-connection$/, () => ({ kind: 'reset' })],
  [/^return-reset-connection-after-(\d{1,9})K$/, ([kib = 0]) => ({ kind: 'reset', afterBytes: kib * KIB })],
  [/^return-broken-stream$/, () => ({ kind: 'brokenStream', afterBytes: BROKEN_STREAM_BYTES })],
  [/^return-broken-stream-after-(\d{1,9})K$/, ([kib = 0]) => ({ kind: 'brokenStream', afterBytes: kib * KIB })],
  [
    /^stall-for-(\d{1,4})s-after-(\d{1,9})K$/,
    ([seconds = 0, kib = 0]) => ({ kind: 'stall', ms: seconds * 1_000, afterBytes: kib * KIB }),
  ],
];

/** Undefined when it is no instruction. */
export function parseFault(text: string): Fault | undefined {
  for (const [pattern, parse] of GRAMMAR) {
    const match = pattern.exec(text);
    if (match !== null) return parse(match.slice(1).map(Number));
  }
  return undefined;
}

const FAMILIES: Readonly<Record<string, string>> = {
  bucketAccessControls: 'bucket_acl',
  defaultObjectAccessControls: 'default_object_acl',
  objectAccessControls: 'object_acl',
};

/** The name that tests know a method of the discovery document by: `storage.bucket_acl.get`. */
export function testedMethod(operation: string): string {
  const [family = '', ...rest] = operation.replace(/^projects\./, '').split('.');
  if (family === 'hmacKeys') return ['storage', 'hmacKey', ...rest].join('.');
  if (family === 'serviceAccount') return ['storage', 'serviceaccount', ...rest].join('.');
  return ['storage', FAMILIES[family] ?? family, ...rest].join('.');
}
