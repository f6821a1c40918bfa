/** What is known to differ between Strait and another implementation, as data: who is right, and who says so. */

export const PEERS = ['fake-gcs-server', 'storage-testbench'] as const;
export type PeerName = (typeof PEERS)[number];

/** Which requests an entry is about. */
interface Subject {
  /** Lower case, with dashes; unique over all entries. */
  readonly id: string;
  readonly peer: PeerName;
  /** `*` stands for any text in these, as in all patterns here. */
  readonly methods: readonly string[];
  /** Traits of the request, all of which it has. */
  readonly given?: readonly string[];
  /** What each does, and why that is so: the document or client that says it. */
  readonly what: string;
  readonly source: string;
}

/** Requests that are sent to neither, because the peer has no answer worth comparing. */
export interface NotCompared extends Subject {
  readonly kind: 'not compared';
}

/** Answers that differ, each in its way. */
export interface KnownDifference extends Subject {
  readonly kind: 'difference';
  /** `peer`: it is wrong; `neither`: the API leaves it to the server. */
  readonly wrong: 'peer' | 'neither';
  /** Places in the flat answer, without the numbers of list members: `status`, `body.items[].size`, `header range`. */
  readonly at: readonly string[];
  /** What each says there; anything when left out. `absent`: nothing. */
  readonly strait?: string;
  readonly peerSays?: string;
  /** The two hold different things from now on, so that nothing after it can be compared. */
  readonly partsWays?: true;
}

/** As the files of one peer write them. */
export type Gap = Omit<NotCompared, 'kind' | 'peer'>;
export type Divergence = Omit<KnownDifference, 'kind' | 'peer' | 'wrong'> & { readonly wrong?: 'neither' };

export type KnownEntry = NotCompared | KnownDifference;

/** One place at which two answers differ. */
export interface Difference {
  readonly at: string;
  readonly strait: string;
  readonly peer: string;
}

/** What an entry asks of a request. */
export interface Request {
  readonly method: string;
  readonly traits: readonly string[];
}

export function isAbout(entry: KnownEntry, peer: PeerName, request: Request): boolean {
  if (entry.peer !== peer || !entry.methods.some((pattern) => fits(pattern, request.method))) return false;
  return (entry.given ?? []).every((pattern) => request.traits.some((trait) => fits(pattern, trait)));
}

export function explains(entry: KnownDifference, { at, strait, peer }: Difference): boolean {
  const place = at.replace(/\[\d+\]/g, '[]');
  if (!entry.at.some((pattern) => fits(pattern, place))) return false;
  return fits(entry.strait ?? '*', strait) && fits(entry.peerSays ?? '*', peer);
}

const compiled = new Map<string, RegExp>();

/** True when the whole text is as the pattern says; `a|b` is either. */
export function fits(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const choices = pattern
      .split('|')
      .map((choice) => choice.replace(/[.+?^${}()[\]\\]/g, '\\$&').replaceAll('*', '[^]*'));
    expression = new RegExp(`^(?:${choices.join('|')})$`);
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}
