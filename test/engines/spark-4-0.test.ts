import { SPARK_LINES } from '../support/engine-tools.ts';
import { testSpark } from './spark-suite.ts';

for (const line of SPARK_LINES.filter(({ version }) => version === '4.0')) testSpark(line);
