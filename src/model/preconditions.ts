/**
 * Preconditions of the JSON API. `ifGenerationMatch: 0n` means "no live version"; `ifGenerationNotMatch` fails when
 * there is no live version, and `0n` means "must exist" (discovery document, objects.insert).
 */
export interface Preconditions {
  readonly ifGenerationMatch?: bigint;
  readonly ifGenerationNotMatch?: bigint;
  readonly ifMetagenerationMatch?: bigint;
  readonly ifMetagenerationNotMatch?: bigint;
}
