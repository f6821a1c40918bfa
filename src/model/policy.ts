/** A condition in Common Expression Language. */
export interface PolicyCondition {
  readonly title: string;
  readonly expression: string;
  readonly description?: string;
  readonly location?: string;
}

export interface PolicyBinding {
  readonly role: string;
  /** Distinct. */
  readonly members: readonly string[];
  readonly condition?: PolicyCondition;
}

/** An IAM policy. Bindings differ in role or condition, and each has members. */
export type Policy = readonly PolicyBinding[];

/** A policy as a request gives it. */
export interface GivenPolicy {
  readonly version?: number;
  readonly bindings: readonly GivenBinding[];
}

export interface GivenBinding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: Partial<PolicyCondition>;
}
