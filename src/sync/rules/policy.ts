import type { BucketName, ObjectName } from '../../model/ids.ts';

/**
 * What a site keeps of a scope. `keep`: names and bytes. `read-through`: names; bytes on demand, kept afterwards.
 * `metadata-only`: names; bytes on demand, not kept. `pass-through`: nothing here, every request goes to the owner.
 */
export type Policy = 'keep' | 'read-through' | 'metadata-only' | 'pass-through';

export const POLICIES: readonly Policy[] = ['keep', 'read-through', 'metadata-only', 'pass-through'];

export interface PolicyRule {
  readonly bucket: BucketName;
  /** Empty for the whole bucket. A table is its prefix. */
  readonly prefix: ObjectName;
  readonly policy: Policy;
}

export interface PolicySettings {
  readonly rules: readonly PolicyRule[];
  /** For names no rule covers. */
  readonly fallback: Policy;
}

/** The longest matching prefix wins; among equals the later rule. */
export function policyOf(settings: PolicySettings, bucket: BucketName, name: ObjectName): Policy {
  let best: PolicyRule | undefined;
  for (const rule of settings.rules) {
    if (rule.bucket !== bucket || !name.startsWith(rule.prefix)) continue;
    if (best === undefined || rule.prefix.length >= best.prefix.length) best = rule;
  }
  return best?.policy ?? settings.fallback;
}

/** A bucket none of whose names can have a row here needs no listing. */
export function isWhollyPassThrough(settings: PolicySettings, bucket: BucketName): boolean {
  const rules = settings.rules.filter((rule) => rule.bucket === bucket);
  const whole = rules.findLast((rule) => rule.prefix === '')?.policy ?? settings.fallback;
  return whole === 'pass-through' && rules.every((rule) => rule.policy === 'pass-through');
}

/** When the disk is nearly full, or the site's share is used up, new bytes are no longer kept. */
export function policyUnderPressure(policy: Policy, isPressed: boolean): Policy {
  return isPressed && policy === 'keep' ? 'read-through' : policy;
}
