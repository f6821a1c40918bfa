import { test } from 'node:test';
import { type SparkLine, whyNoSpark } from '../support/engine-tools.ts';
import { DELTA_SCENARIOS } from './delta-scenarios.ts';
import { ICEBERG_SCENARIOS } from './iceberg-scenarios.ts';
import { PARQUET_SCENARIOS } from './parquet-scenarios.ts';
import { setStage } from './spark-stage.ts';

const SCENARIOS = [...PARQUET_SCENARIOS, ...DELTA_SCENARIOS, ...ICEBERG_SCENARIOS];
const TIMEOUT_MS = 15 * 60_000;

/** Every scenario, one after the other, in one session. */
export function testSpark(line: SparkLine): void {
  const skip = whyNoSpark(line) ?? false;
  test(`Spark ${line.version} with the Hadoop connector`, { skip, timeout: TIMEOUT_MS }, async (t) => {
    const stage = await setStage(t, line);
    for (const { name, play } of SCENARIOS) await t.test(name, () => play(stage));
  });
}
