/**
 * Installs the engines that `test/engines` runs: PySpark from the Python registry, each in an environment of its own,
 * and by Maven the jars of `test/engines/jars`, outside the tree. Idempotent; exit 1 when one cannot be had.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { HADOOP_LINES, hasJars, type JarSet, SPARK_LINES } from '../test/support/engine-tools.ts';
import { installPython } from './install-python.ts';
import { runSetup } from './run-program.ts';

/** The last line that copies a jar without reading its pom: the parent of one of the connector's is not to be had. */
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:2.10';

/** Dependencies come with all they need; `artifactItems` come alone. */
function fetchJars(jars: JarSet): boolean {
  if (hasJars(jars)) return true;
  const { pom, folder, ready } = jars;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const goals = ['copy-dependencies', 'copy'].map((goal) => `${DEPENDENCY_PLUGIN}:${goal}`);
  if (!runSetup('mvn', ['-q', '-B', '-f', pom, ...goals, `-DoutputDirectory=${folder}`])) return false;
  writeFileSync(ready, readFileSync(pom, 'utf8'));
  return true;
}

const jarSets = [...Object.values(HADOOP_LINES), ...SPARK_LINES.map(({ jars }) => jars)];
const fetched = jarSets.map(fetchJars);
const installed = SPARK_LINES.map(({ python }) => installPython(python));
if (![...fetched, ...installed].every(Boolean)) process.exitCode = 1;
