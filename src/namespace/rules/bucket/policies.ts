/** Settings of which the server itself tells when they began: soft delete, Autoclass and encryption. */
import type { JsonObject } from '../../../model/operation.ts';
import { assertKmsKeyName } from '../encryption.ts';
import { choiceOf, flagOf, integerOf, invalidField, objectOf, present, textOf } from './read-json.ts';

const DAY_SECONDS = 86_400;

/** 0, or 7 to 90 days. It is effective since it, or a longer one, was set. */
export function checkedSoftDelete(value: unknown, before: unknown, now: string): JsonObject {
  const field = 'softDeletePolicy.retentionDurationSeconds';
  const seconds = integerOf(objectOf(value, 'softDeletePolicy')['retentionDurationSeconds'] ?? 0, field);
  if (seconds === 0) return { retentionDurationSeconds: '0' };
  if (seconds < 7 * DAY_SECONDS || seconds > 90 * DAY_SECONDS) {
    throw invalidField(field, 'Soft delete policy must have a retention duration between 7 days and 90 days.');
  }
  const was = before === undefined ? {} : objectOf(before, 'softDeletePolicy');
  const isShorter = Number(was['retentionDurationSeconds'] ?? 0) >= seconds;
  const effectiveTime = (isShorter ? was['effectiveTime'] : undefined) ?? now;
  return { retentionDurationSeconds: String(seconds), effectiveTime };
}

const TERMINAL_CLASSES = ['NEARLINE', 'ARCHIVE'] as const;

export function checkedAutoclass(value: unknown, before: unknown, now: string): JsonObject {
  const autoclass = objectOf(value, 'autoclass');
  const enabled = flagOf(autoclass['enabled'] ?? false, 'autoclass.enabled');
  const was = before === undefined ? {} : objectOf(before, 'autoclass');
  const toggleTime = was['enabled'] === enabled ? was['toggleTime'] : now;
  if (!enabled) return present({ enabled, toggleTime });
  const wanted = String(autoclass['terminalStorageClass'] ?? TERMINAL_CLASSES[0]).toUpperCase();
  const terminalStorageClass = choiceOf(wanted, TERMINAL_CLASSES, 'autoclass.terminalStorageClass');
  const isSame = was['terminalStorageClass'] === terminalStorageClass;
  const terminalStorageClassUpdateTime = isSame ? was['terminalStorageClassUpdateTime'] : now;
  return present({ enabled, toggleTime, terminalStorageClass, terminalStorageClassUpdateTime });
}

const ENFORCEMENTS = [
  'googleManagedEncryptionEnforcementConfig',
  'customerManagedEncryptionEnforcementConfig',
  'customerSuppliedEncryptionEnforcementConfig',
] as const;
const MODES = ['NotRestricted', 'FullyRestricted'] as const;

export function checkedEncryption(value: unknown, before: unknown, now: string): JsonObject | undefined {
  const encryption = objectOf(value, 'encryption');
  const was = before === undefined ? {} : objectOf(before, 'encryption');
  const key = encryption['defaultKmsKeyName'] ?? undefined;
  if (key !== undefined) {
    const field = 'encryption.defaultKmsKeyName';
    assertKmsKeyName(textOf(key, field), field);
  }
  const configs = ENFORCEMENTS.map((name) => [name, checkedEnforcement(encryption[name], was[name], { name, now })]);
  const checked = present({ defaultKmsKeyName: key, ...Object.fromEntries(configs) });
  return Object.keys(checked).length === 0 ? undefined : checked;
}

function checkedEnforcement(
  value: unknown,
  before: unknown,
  { name, now }: { readonly name: string; readonly now: string },
): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  const field = `encryption.${name}`;
  const config = objectOf(value, field);
  const restrictionMode = choiceOf(config['restrictionMode'] ?? MODES[0], MODES, `${field}.restrictionMode`);
  const was = before === undefined ? {} : objectOf(before, field);
  const isSame = was['restrictionMode'] === restrictionMode && was['effectiveTime'] !== undefined;
  return { restrictionMode, effectiveTime: isSame ? was['effectiveTime'] : now };
}
