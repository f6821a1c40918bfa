/**
 * `npm run lock`: adds to `package-lock.json` the platform packages that the registry in use does not offer. `npm ci`
 * refuses a lock file without them although it would never install them here; on their own platform it fetches them.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Locked {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const OS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32'];
const CPU = ['arm64', 'x64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32', 'loong64', 'mips64el'];

/** What a platform package's name says it runs on: `@scope/tool-linux-arm64-musl`. */
export function platformOf(name: string): Pick<Locked, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/@-]/);
  const os = OS.find((one) => words.includes(one));
  const cpu = CPU.find((one) => words.includes(one));
  const libc = words.find((word) => /^(musl|gnu)/.test(word));
  return {
    ...(os === undefined ? {} : { os: [os] }),
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc === undefined || os !== 'linux' ? {} : { libc: [libc.startsWith('musl') ? 'musl' : 'glibc'] }),
  };
}

/** Entries to add, by path in the tree. Only exact versions of packages that name a platform. */
export function missingPlatforms(packages: Readonly<Record<string, Locked>>): Record<string, Locked> {
  const missing: Record<string, Locked> = {};
  for (const { optionalDependencies = {}, dev } of Object.values(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (packages[path] !== undefined || platform.os === undefined || !/^\d/.test(version)) continue;
      missing[path] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
    }
  }
  return missing;
}

if (import.meta.main) {
  const path = 'package-lock.json';
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingPlatforms(lock.packages);
  const all: [string, Locked][] = [...Object.entries<Locked>(lock.packages), ...Object.entries(missing)];
  lock.packages = Object.fromEntries(all.toSorted(([left], [right]) => (left < right ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${Object.keys(missing).length} platform packages added to ${path}`);
}
