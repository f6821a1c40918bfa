import type { ObjectName } from '../../model/ids.ts';
import type { FileRef, TableCursor, TableFiles, TableFormat, TableLocation, TableLook, TableStep } from '../port.ts';
import { TableLogError } from '../port.ts';

/**
 * A plain folder of data files whose writer ends each job with a `_SUCCESS` object (Hadoop's FileOutputCommitter). A
 * commit is a new generation of that marker. Best effort by nature: the marker names no files, so a job that starts to
 * write before the last one was published may mix with it; files younger than the marker are taken to be such a job's.
 */
export const directoryFormat: TableFormat = {
  name: 'directory',
  recognise,
  isControl: (location, name) => CONTROL.has(name.slice(location.prefix.length)) && name.startsWith(location.prefix),
  isStray: (location, file) => file.name !== marker(location),
  isNeverListed: (location, name) => TEMPORARY.test(name.slice(location.prefix.length)),
  look,
  step: async (location, files, { to }) => ({
    version: to,
    control: () => control(location, files),
    closure: () => dataFiles(location, files, stateOf(to.cursor)),
    isWhole: true,
  }),
  live,
  probes: (location) => [{ kind: 'get', name: marker(location) }],
};

interface DirectoryState {
  /** The marker's generation, in decimal. */
  readonly generation: string;
  readonly updatedMs: number;
}
