/** `writing-child.ts FOLDER SEED [CRASH_POINT COUNT]`: writes over the stores in the folder until it is killed. */
import { writeSync } from 'node:fs';
import { CRASH_POINTS, crashAt, noCrashPoints } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from './durable-namespace.ts';
import { type Line, writeForever } from './write-workload.ts';

const [folder = '', seed = '1', point, count = '1'] = process.argv.slice(2);
const crashPoint = CRASH_POINTS.find((name) => name === point);

/** In the pipe when it returns: a kill right after does not take it back. */
function say(line: Line): void {
  let text = Buffer.from(`${JSON.stringify(line)}\n`);
  while (text.length > 0) {
    try {
      text = text.subarray(writeSync(1, text));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

const deps = await openDurableNamespace(folder, {
  crashPoints: crashPoint === undefined ? noCrashPoints : crashAt(crashPoint, Number(count)),
});
try {
  await writeForever(deps, Number(seed), say);
} catch (error) {
  say({ kind: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
}
