/** Hadoop's contract tests of file systems over the connector to GCS, at its defaults, against a gateway. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runProgram } from '../support/client-tools.ts';
import { HADOOP_LINES, type JarSet, whyNoHadoop } from '../support/engine-tools.ts';
import { recordFigure } from '../support/record-figure.ts';
import { ServedSite, scratch } from '../support/serve-site.ts';
import { connectorSettings } from '../support/spark-session.ts';

const SOURCES = join(import.meta.dirname, 'contract');
const BUCKET = 'hadoop-contract';
const TIMEOUT_MS = 10 * 60_000;

/** What the connector's makers say of it, in the words of Hadoop's contracts. */
const CONTRACT = {
  'is-blobstore': true,
  'is-case-sensitive': true,
  'create-visibility-delayed': true,
  'rejects-seek-past-eof': true,
  'rename-overwrites-dest': false,
  'rename-remove-dest-if-empty-dir': false,
  'rename-returns-false-if-dest-exists': true,
  'rename-returns-false-if-source-missing': true,
  'supports-append': true,
  'supports-atomic-directory-delete': false,
  'supports-atomic-rename': false,
  'supports-block-locality': false,
  'supports-concat': true,
  'supports-getfilestatus': true,
  'supports-seek': true,
  'supports-seek-on-closed-file': true,
  'supports-strict-exceptions': true,
  'supports-unix-permissions': false,
  'test.random-seek-count': 10,
  'test.root-tests-enabled': true,
};

/** Tests that ask what the connector itself does not do, by line of Hadoop; they must go on failing there. */
const NOT_BY_CONNECTOR: Readonly<Record<string, RegExp>> = {
  // It reads ranges by itself and one by one, says so nowhere, and refuses those that overlap.
  '3.3': /VectoredRead (testOverlappingRanges|testSameRanges|testVectoredReadCapability)/,
  '3.4': /$^/,
};

interface Outcome {
  readonly kind: string;
  readonly test: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly said: string;
}

async function writeContract(folder: string, url: string): Promise<void> {
  const contract = Object.entries(CONTRACT).map(([key, value]) => [`fs.contract.${key}`, String(value)]);
  const settings = [
    ...contract,
    ...Object.entries(connectorSettings(url)),
    ['fs.contract.test.fs.gs', `gs://${BUCKET}/`],
  ];
  const properties = settings.map(([key, value]) => `<property><name>${key}</name><value>${value}</value></property>`);
  await mkdir(join(folder, 'contract'), { recursive: true });
  await writeFile(join(folder, 'contract/gs.xml'), `<configuration>${properties.join('\n')}</configuration>\n`);
}

async function runContract(t: TestContext, jars: JarSet): Promise<readonly Outcome[]> {
  const site = await ServedSite.start(t);
  await site.createBucket(BUCKET);
  const folder = await scratch(t, 'contract');
  await writeContract(folder, site.url);
  const path = [folder, join(jars.folder, '*')].join(delimiter);
  const sources = globSync('*.java', { cwd: SOURCES }).map((name) => join(SOURCES, name));
  const compiled = await runProgram('javac', ['-nowarn', '-cp', path, '-d', folder, ...sources]);
  assert.equal(compiled.status, 0, compiled.stderr);
  const names = ['--scan-classpath', folder, '--include-classname', '^(ContractTests[$].+|CreateRace)$'];
  const report = ['--reports-dir', join(folder, 'reports'), '--details', 'none', '--disable-banner'];
  const launcher = [
    'org.junit.platform.console.ConsoleLauncher',
    'execute',
    '-e',
    'junit-vintage',
    ...names,
    ...report,
  ];
  // Hadoop keeps scratch files where it is told, or beside the tests.
  const ran = await runProgram('java', ['-Xmx1g', `-Dtest.build.data=${folder}/files`, '-cp', path, ...launcher]);
  const found = readReport(await readFile(join(folder, 'reports/TEST-junit-vintage.xml'), 'utf8'));
  assert.ok(found.length > 0, ran.stderr.slice(-4_000));
  const refused = await site.counter('strait_http_requests_total', 'code="412",operation="objects.insert"');
  assert.ok(refused > 0, 'the race of creates was decided by the gateway');
  return found;
}

/** JUnit's report, one line of XML per element. */
function readReport(report: string): readonly Outcome[] {
  return [...report.matchAll(/<testcase name="([^"]+)" classname="([^"]+)"[^>]*>(.*?)<\/testcase>/gs)].map(
    ([, name = '', kind = '', body = '']) => {
      const said = /<(?:failure|error)[^>]*?message="([^"]{0,500})/.exec(body)?.[1] ?? '';
      const isFailed = /<(failure|error)\b/.test(body);
      const outcome = isFailed ? 'failed' : body.includes('<skipped') ? 'skipped' : 'passed';
      return { kind: kind.replace('ContractTests$', ''), test: name, outcome, said };
    },
  );
}

for (const [line, jars] of Object.entries(HADOOP_LINES)) {
  const skip = whyNoHadoop(jars) ?? false;
  test(`the contract tests of Hadoop ${line}`, { skip, timeout: TIMEOUT_MS }, async (t) => {
    const outcomes = await runContract(t, jars);
    for (const [kind, tests] of Map.groupBy(outcomes, (one) => one.kind)) {
      const count = (outcome: string) => tests.filter((one) => one.outcome === outcome).length;
      recordFigure({
        name: `engines: Hadoop ${line} contract ${kind}`,
        value: `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
      });
    }
    const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
    const excused = (one: Outcome) => NOT_BY_CONNECTOR[line]?.test(`${one.kind} ${one.test}`) ?? false;
    assert.deepEqual(
      failed.filter((one) => !excused(one)).map((one) => `${one.kind} ${one.test}: ${one.said}`),
      [],
    );
    const mended = outcomes.filter((one) => excused(one) && one.outcome !== 'failed');
    assert.deepEqual(mended, [], 'the connector does it now; take it out of NOT_BY_CONNECTOR');
  });
}
