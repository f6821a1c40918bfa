/** Where `tools/setup-engines.ts` puts the engines that `test/engines` runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CACHE, findOnPath, type PythonEnvironment, pythonEnvironment, whyNoPython } from './client-tools.ts';

/** Jars by a pom of `test/engines/jars`, which says what they are. */
export interface JarSet {
  readonly pom: string;
  /** Where they are: nothing else is. */
  readonly folder: string;
  /** The pom whose jars these are, written when all of them are there. */
  readonly ready: string;
}

function jarSet(name: string): JarSet {
  const folder = join(CACHE, `engines-${name}`, 'jars');
  return {
    pom: resolve(import.meta.dirname, `../engines/jars/${name}.pom.xml`),
    folder,
    ready: join(folder, '../strait-ready'),
  };
}

export interface SparkLine {
  readonly version: '3.5' | '4.0';
  readonly python: PythonEnvironment;
  readonly jars: JarSet;
}

/** Spark of one line, with the connector to GCS, Delta and Iceberg that are made for it. */
function sparkLine(version: SparkLine['version'], release: string): SparkLine {
  return {
    version,
    python: pythonEnvironment(`Spark ${version}`, `spark-${release}-1`, [`pyspark==${release}`]),
    jars: jarSet(`spark-${version}`),
  };
}

export const SPARK_LINES: readonly SparkLine[] = [sparkLine('3.5', '3.5.8'), sparkLine('4.0', '4.0.4')];

/** Hadoop's contract tests, by line of Hadoop. */
export const HADOOP_LINES: Readonly<Record<'3.3' | '3.4', JarSet>> = {
  '3.3': jarSet('hadoop-3.3'),
  '3.4': jarSet('hadoop-3.4'),
};

export function hasJars({ pom, ready }: JarSet): boolean {
  return existsSync(ready) && readFileSync(ready, 'utf8') === readFileSync(pom, 'utf8');
}

const HOW = 'npm run setup:engines fetches them (needs a JDK, Python 3 and Maven)';

/** Why tests with this Spark must be skipped; undefined when it is there. */
export function whyNoSpark({ version, python, jars }: SparkLine): string | undefined {
  if (findOnPath('java') === undefined) return 'no Java here';
  return whyNoPython(python) === undefined && hasJars(jars) ? undefined : `no Spark ${version} here: ${HOW}`;
}

export function whyNoHadoop(jars: JarSet): string | undefined {
  if (findOnPath('javac') === undefined) return 'no JDK here';
  return hasJars(jars) ? undefined : `no Hadoop here: ${HOW}`;
}
