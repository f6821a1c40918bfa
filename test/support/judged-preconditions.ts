import assert from 'node:assert/strict';

export type PreconditionParameter = `if${'' | 'Source'}${'Generation' | 'Metageneration'}${'' | 'Not'}Match`;

export interface Judged {
  readonly parameters: readonly PreconditionParameter[];
  /** Makes what the preconditions are about, anew each time; its version. */
  readonly make: () => Promise<{ readonly generation: string; readonly metageneration: string }>;
  /** The call, with this at the end of its query; the status it is answered with. */
  readonly call: (query: string) => Promise<number>;
}

/**
 * Each precondition holds and fails as GCS says: a failed match is 412, a failed opposite 304, and either leaves things
 * as they were, so that the call goes through afterwards when the precondition holds.
 */
export async function assertPreconditions({ parameters, make, call }: Judged): Promise<void> {
  for (const parameter of parameters) {
    const version = await make();
    const current = parameter.includes('Metageneration') ? version.metageneration : version.generation;
    const isNot = parameter.includes('Not');
    const [failing, holding] = isNot ? [current, '7'] : ['7', current];
    assert.equal(await call(`${parameter}=${failing}`), isNot ? 304 : 412, `${parameter} must fail`);
    const status = await call(`${parameter}=${holding}`);
    assert.ok(status === 200 || status === 204, `${parameter} must hold: ${status}`);
  }
}
