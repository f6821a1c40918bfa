/**
 * `folder-child.ts FOLDER CRASH_POINT COUNT`: over the stores in the folder it renames `here/` to `there/` and back,
 * drives the operations that are under way, and begins again, until it is killed. It prints each rename that was
 * acknowledged.
 */
import { writeSync } from 'node:fs';
import { advanceOperationsOnce } from '../../src/namespace/advance-operations.ts';
import { OPERATION_WORKERS } from '../../src/namespace/operation-workers.ts';
import { bindNamespace } from '../../src/namespace/service.ts';
import { CRASH_POINTS, crashAt } from '../../src/runtime/crash-points.ts';
import { openDurableNamespace } from './durable-namespace.ts';

const [folder = '', point, count = '1'] = process.argv.slice(2);
const crashPoint = CRASH_POINTS.find((name) => name === point);
if (crashPoint === undefined) throw new Error(`no crash point is called ${point}`);
const deps = await openDurableNamespace(folder, { crashPoints: crashAt(crashPoint, Number(count)) });
const namespace = bindNamespace(deps);
const bucket = 'tree';
const { folders } = await namespace.listFolders({
  ...{ bucket, prefix: '', isOneLevel: true, startOffset: '', endOffset: '', maxResults: 10 },
});
let source = folders.some(({ name }) => name === 'here/') ? 'here/' : 'there/';
for (;;) {
  const destination = source === 'here/' ? 'there/' : 'here/';
  await namespace.renameFolder({ bucket, source, destination, sourcePreconditions: {} });
  writeSync(1, `${destination}\n`);
  source = destination;
  await advanceOperationsOnce(deps, OPERATION_WORKERS, new AbortController().signal);
}
