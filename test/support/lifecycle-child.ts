/** `lifecycle-child.ts FOLDER [CRASH_POINT COUNT]`: one pass of lifecycle rules over the stores in the folder. */
import { ObjectLifecycle } from '../../src/namespace/object-lifecycle.ts';
import { allLifecycles } from '../../src/namespace/rows/keys.ts';
import { decodeLifecycle } from '../../src/namespace/rows/lifecycle-row.ts';
import { CRASH_POINTS, crashAt, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from './durable-namespace.ts';

const [folder = '', point, count = '1'] = process.argv.slice(2);
const crashPoint = CRASH_POINTS.find((name) => name === point);
const deps = await openDurableNamespace(folder, {
  crashPoints: crashPoint === undefined ? noCrashPoints : crashAt(crashPoint, Number(count)),
});
process.stdout.write('begun\n');
// Each turn goes on with the pass that is under way; a new one would begin only after a day.
const lifecycle = new ObjectLifecycle(deps, 86_400_000);
for (let phase = ''; phase !== 'ended'; ) {
  await lifecycle.turnOnce(new AbortController().signal);
  const [row] = await deps.metadata.scan(allLifecycles(), { limit: 1 });
  phase = row === undefined ? '' : decodeLifecycle(row.value).phase;
}
await deps.close();
