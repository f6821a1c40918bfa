/** Clients in Python, unmodified: Google's own, gcsfs, and pyarrow's filesystem (which is Google's C++ client). */
import { join } from 'node:path';
import { PYTHON_CLIENTS, type RunResult, runProgram, whyNoPython } from '../support/client-tools.ts';
import { startRetryTestProxy } from '../support/retry-test-proxy.ts';
import { testProgram } from './client-suite.ts';

const skip = whyNoPython(PYTHON_CLIENTS) ?? false;

function runPython(program: string, ...args: readonly string[]): Promise<RunResult> {
  return runProgram(PYTHON_CLIENTS.python, [join(import.meta.dirname, 'python', program), ...args]);
}

testProgram('python', { skip, run: ({ url }) => runPython('google_client', url) });
testProgram('gcsfs', { skip, run: ({ url }) => runPython('gcsfs_client.py', url) });
testProgram('pyarrow', {
  skip,
  run: async ({ url }) => {
    using proxy = await startRetryTestProxy(url);
    return await runPython('pyarrow_client.py', url, proxy.url);
  },
});
