/**
 * Installs the table readers that `test/readers` runs (delta-rs, hudi-rs, PyIceberg), from the Python registry into an
 * environment of their own outside the tree. Idempotent; exit 1 when they cannot be had.
 */
import { PYTHON_READERS } from '../test/support/client-tools.ts';
import { installPython } from './install-python.ts';

if (!installPython(PYTHON_READERS)) process.exitCode = 1;
