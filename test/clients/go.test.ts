/** Google's client for Go, unmodified, in a program of ours. Told nothing, it reads through XML: here by JSON. */
import { buildGoClient, runProgram, whyNoGoClient } from '../support/client-tools.ts';
import { testProgram } from './client-suite.ts';

testProgram('go', {
  skip: whyNoGoClient() ?? false,
  run: async ({ url }) => runProgram(await buildGoClient(), [url]),
});
