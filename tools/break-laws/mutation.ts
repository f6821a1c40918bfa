/** One way to break a law in the real code, and the tests that must go red for it. */
export interface Mutation {
  readonly id: string;
  readonly law: number;
  /** What is wrong afterwards. */
  readonly breaks: string;
  readonly file: string;
  /** Occurs exactly once in `file`. Short, so that work nearby does not touch it. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly Trial[];
}

export interface Trial {
  /** As ARCHITECTURE.md names it. */
  readonly test: string;
  /** The file to run, where `test` is a contract that adapters run. */
  readonly run?: string;
  /** Only tests whose name has this: what keeps a trial quick. */
  readonly only: string;
  /** What the failure says when the test saw the law broken. */
  readonly red: RegExp;
}

/** The broken text; undefined when `find` does not occur exactly once. */
export function mutate(text: string, { find, replace }: Mutation): string | undefined {
  const parts = text.split(find);
  return parts.length === 2 ? parts.join(replace) : undefined;
}
