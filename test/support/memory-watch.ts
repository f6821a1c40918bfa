/** What processes really take: anonymous and private-dirty pages (law 11), sampled; mapped pages are not counted. */
import { readFile } from 'node:fs/promises';

const SAMPLE_MS = 100;
const MIB = 1024 * 1024;

/** Bytes of anonymous or privately dirtied pages; 0 when the process is gone. */
export async function privateBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps`, 'utf8').catch(() => '');
  let bytes = 0;
  for (const mapping of text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) bytes += privateBytesOf(mapping);
  return bytes;
}

/**
 * A file that is mapped shared is the page cache's: pages of it that were written and are not on disk yet count as
 * "private dirty" where one process has them mapped, and take no memory that the file would not.
 */
function privateBytesOf(mapping: string): number {
  const [, flags, inode] = /^\S+ (\S+) \S+ \S+ (\d+)/.exec(mapping) ?? [];
  if (flags?.endsWith('s') && inode !== '0') return 0;
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(mapping)?.[1] ?? 0);
  // Anonymous pages are dirty: the larger of the two counts them once.
  return Math.max(kib('Anonymous'), kib('Private_Dirty')) * 1024;
}

export class MemoryWatch {
  readonly #pids: () => readonly number[];
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;
  #isSampling = false;

  /** Sums the processes `pids` names at each sample, ten times a second. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  get peakMiB(): number {
    return Math.round(this.#peakBytes / MIB);
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.peakMiB;
  }

  async #sample(): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    const bytes = await Promise.all(this.#pids().map(privateBytes));
    this.#peakBytes = Math.max(
      this.#peakBytes,
      bytes.reduce((sum, one) => sum + one, 0),
    );
    this.#isSampling = false;
  }
}
