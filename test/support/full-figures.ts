/**
 * How hard a long test works. `npm test` runs every suite at a size that fits ten minutes; `npm run test:faults` and
 * `--full` ask for the figures of the requirements.
 */
export const isFullRun = process.env['STRAIT_TEST_FULL'] === '1';

/** `full` in a full run, else `quick`: `const kills = figureFor({ quick: 25, full: 500 })`. */
export function figureFor<T>(sizes: { readonly quick: T; readonly full: T }): T {
  return isFullRun ? sizes.full : sizes.quick;
}
