import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpReply } from '../../shared/http-message.ts';
import { PageBudget, type Room } from './page-budget.ts';

const MIB = 1024 * 1024;

test('pages get small while much waits, and large again when it is taken', async () => {
  const budget = new PageBudget();
  const allowed: number[] = [];
  const page = (wanted: number, bytes: number) =>
    budget.build(async (room): Promise<HttpReply> => {
      allowed.push(await room(wanted));
      return { status: 200, headers: { 'Content-Length': bytes } };
    });
  const waiting = await Promise.all(Array.from({ length: 40 }, () => page(1_000, MIB)));
  assert.deepEqual(new Set(allowed.splice(0)), new Set([1_000, 20]), 'the last of them were small already');
  await page(1_000, 0);
  await page(5, 0);
  assert.deepEqual(allowed.splice(0), [20, 5]);
  for (const { onDone } of waiting) {
    onDone?.();
    onDone?.();
  }
  await page(1_000, 33 * MIB);
  await page(1_000, 0);
  assert.deepEqual(allowed, [1_000, 20], 'releasing twice must not count twice');
});

test('pages that wait for another site keep none from being built that does not', async () => {
  const budget = new PageBudget();
  const answers: (() => void)[] = [];
  const reply: HttpReply = { status: 200, headers: { 'Content-Length': 1 } };
  const slow = Array.from({ length: 20 }, () =>
    budget.buildElsewhere(async (room) => {
      await new Promise<void>((resolve) => answers.push(resolve));
      await room(1);
      return reply;
    }),
  );
  await budget.build(async (room) => (await room(1), reply));
  assert.equal(answers.length, 16, 'and only so many wait with what they hold');
  while (answers.length < 20) {
    for (const answer of answers) answer();
    await new Promise((wake) => setImmediate(wake));
  }
  for (const answer of answers) answer();
  assert.equal((await Promise.all(slow)).length, 20);
});

test('few pages are put together at a time, and one that fails or never asks makes room', async () => {
  const budget = new PageBudget();
  const order: string[] = [];
  const finish: (() => void)[] = [];
  const started = Array.from({ length: 4 }, (_, index) =>
    budget.build(async (room: Room) => {
      await room(1);
      order.push(`start ${index}`);
      await new Promise<void>((resolve) => finish.push(resolve));
      if (index === 0) throw new Error('broken');
      return { status: 200, headers: { 'Content-Length': 1 } };
    }),
  );
  const unasked = await budget.build(async () => ({ status: 200, headers: { 'Content-Length': 1 } }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(unasked.status, 200, 'whoever needs no room does not wait for it');
  assert.deepEqual(order, ['start 0', 'start 1']);
  finish[0]?.();
  await assert.rejects(started[0] ?? Promise.resolve(), /broken/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(order, ['start 0', 'start 1', 'start 2']);
  for (let index = 1; index < 4; index += 1) {
    finish[index]?.();
    await started[index];
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(order.length, 4);
});
