/**
 * Fetches Google's client for Java and all it needs with Maven, for the program of `test/clients/java`, to a folder
 * outside the tree. Idempotent; exit 1 says why it cannot be had.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JAVA_CLIENT, javaPom, whyNoJavaClient } from '../test/support/client-tools.ts';
import { runSetup } from './run-program.ts';

const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

if (whyNoJavaClient() !== undefined) {
  const { source, jars, classes, ready } = JAVA_CLIENT;
  for (const folder of [jars, classes]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const pom = ['-f', join(source, 'pom.xml')];
  const options = [`-DoutputDirectory=${jars}`, '-DincludeScope=runtime'];
  if (runSetup('mvn', ['-q', '-B', ...pom, COPY_DEPENDENCIES, ...options])) writeFileSync(ready, javaPom());
  else process.exitCode = 1;
}
