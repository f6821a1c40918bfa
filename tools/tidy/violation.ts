/** Something the tables do not allow, at a place a reader can go to. */
export interface Violation {
  readonly file: string;
  /** From 1; 0 when the whole file is meant. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}
