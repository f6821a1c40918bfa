/** `node tools/tidy/tidy.ts`: holds the tree to `rules.ts` and says what breaks them. Exit 1 when anything does. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { checkTree } from './check-tree.ts';

const TEXT_BYTES_MAX = 1024 * 1024;

/** Tracked files, and new ones that git does not ignore. Binary and very large ones hold no text to judge. */
function readTree(): ReadonlyMap<string, string> {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  });
  if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr}`);
  const files = new Map<string, string>();
  for (const path of listed.stdout.split('\0').filter(Boolean)) {
    const bytes = readIfThere(path);
    if (bytes && bytes.length <= TEXT_BYTES_MAX && !bytes.includes(0)) files.set(path, bytes.toString('utf8'));
  }
  return files;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // Deleted but still in the index, or a link to a folder.
  }
}

const violations = checkTree(readTree());
for (const { file, line, rule, message } of violations) {
  console.error(`${file}${line > 0 ? `:${line}` : ''}  ${rule}: ${message}`);
}
if (violations.length > 0) {
  console.error(`tidy: ${violations.length} violation${violations.length === 1 ? '' : 's'}`);
  process.exitCode = 1;
}
