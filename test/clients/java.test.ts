/** Google's client for Java, unmodified, in a program of ours. */
import { runJavaClient, whyNoJavaClient } from '../support/client-tools.ts';
import { testProgram } from './client-suite.ts';

testProgram('java', { skip: whyNoJavaClient() ?? false, run: ({ url }) => runJavaClient(url) });
