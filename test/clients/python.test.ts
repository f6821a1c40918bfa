/** Clients in Python, unmodified: Google's own, gcsfs, and pyarrow's filesystem (which is Google's C++ client). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PYTHON_CLIENTS, runProgram, whyNoPython } from '../support/client-tools.ts';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.ts';

const skip = whyNoPython(PYTHON_CLIENTS) ?? false;
let gateway: MemoryGateway;
before(async () => {
  gateway = await startMemoryGateway();
});
after(() => gateway.close());

for (const [client, script, endpoint] of [
  ['google-cloud-storage', 'google_client.py', () => gateway.url],
  ['gcsfs', 'gcsfs_client.py', () => gateway.url],
  ['pyarrow', 'pyarrow_client.py', () => new URL(gateway.url).host],
] as const) {
  test(`${client} runs the common script`, { skip, timeout: 120_000 }, async () => {
    const path = join(import.meta.dirname, 'python', script);
    const { status, stdout, stderr } = await runProgram(PYTHON_CLIENTS.python, [
      path,
      `bucket-of-${script.split('_')[0]?.replace('google', 'g')}`,
      endpoint(),
    ]);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.equal(stdout.trim(), 'ok');
  });
}
