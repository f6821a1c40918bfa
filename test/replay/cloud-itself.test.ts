import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CheckingReader } from '../../src/apps/demo/check/checking-reader.ts';
import { SiteHttp } from '../../src/apps/demo/check/site-http.ts';
import { DEMO_BUCKET } from '../../src/apps/demo/demo-tables.ts';
import { CloudWriter } from '../../src/apps/demo/replay/cloud-writer.ts';
import { TableReplay } from '../../src/apps/demo/replay/table-replay.ts';
import { anyPort, SiteProcess } from '../../src/apps/demo/site-process.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { SAMPLES_MISSING, sampleTables } from '../support/sample-tables.ts';
import { prepareSample, SERVE_MISSING } from '../support/two-sites.ts';

describe('the checking reader against the cloud itself', { skip: SAMPLES_MISSING || SERVE_MISSING }, () => {
  let folder: string;
  let gateway: SiteProcess;
  let site: SiteHttp;
  let writer: CloudWriter;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strait-cloud-'));
    const spec = { name: 'cloud', port: await anyPort(), folder: join(folder, 'cloud'), args: ['--log-level', 'warn'] };
    gateway = new SiteProcess(systemClock, spec);
    gateway.start();
    await gateway.ready(30_000);
    site = new SiteHttp(gateway.url);
    writer = new CloudWriter(systemClock, { endpoint: gateway.url, project: 'test', patienceMs: 10_000 });
    await writer.ensureBucket(DEMO_BUCKET);
  });
  after(async () => {
    await site.close();
    assert.equal(await gateway.stop(), 0);
    await rm(folder, { recursive: true });
  });

  for (const sample of sampleTables()) {
    test(`${sample.name}: uploaded by Google's client, clean after every step, and again on a second run`, async () => {
      const table = await prepareSample(sample, { orphansPerStep: 1 });
      const reader = new CheckingReader(site, {
        table: sample.name,
        format: table.plan.format,
        bucket: DEMO_BUCKET,
        prefix: table.prefix,
        pathAliases: table.table.pathAliases,
        truth: table.truth,
      });
      const replay = new TableReplay(writer, table.plan, { bucket: DEMO_BUCKET, prefix: table.prefix });
      for (let step = await replay.step(); step !== undefined; step = await replay.step()) {
        const report = await reader.check();
        assert.deepEqual([report.broken, report.unavailable], [[], undefined]);
        assert.equal(report.version, step.label);
      }
      await replay.finish();
      const again = new TableReplay(writer, table.plan, { bucket: DEMO_BUCKET, prefix: table.prefix });
      while ((await again.step()) !== undefined);
      await again.finish();
      reader.forget();
      assert.deepEqual((await reader.check()).broken, []);
    });
  }
});
