import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  resize(mebibytes: number): void;
}

/** A file system of its own that really runs full. Returns why not where mounting is not allowed. */
export function smallDisk(mebibytes: number): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), 'strait-disk-'));
  const mount = (...options: string[]) => spawnSync('mount', ['-t', 'tmpfs', ...options, 'tmpfs', path]);
  const mounted = mount('-o', `size=${mebibytes}m`);
  if (mounted.error || mounted.status !== 0) {
    rmSync(path, { recursive: true });
    return `no file system can be mounted here: ${mounted.error?.message ?? mounted.stderr.toString().trim()}`;
  }
  return {
    path,
    resize(size) {
      const { status, stderr } = mount('-o', `remount,size=${size}m`);
      if (status !== 0) throw new Error(`cannot resize: ${stderr}`);
    },
    async [Symbol.asyncDispose]() {
      spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true });
    },
  };
}
