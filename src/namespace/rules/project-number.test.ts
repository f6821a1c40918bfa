import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameProject, projectNumber } from './project-number.ts';

test('a project has one number of twelve digits, or the one it is named by', () => {
  // Stored nowhere: what was told of a project yesterday must be told tomorrow.
  assert.equal(projectNumber('lake'), '891902760414');
  assert.equal(projectNumber('example.com:lake'), '468648448543');
  assert.equal(projectNumber('123456789012'), '123456789012');
  const numbers = Array.from({ length: 2_000 }, (_, index) => projectNumber(`project-${index}`));
  assert.equal(new Set(numbers).size, numbers.length);
  assert.ok(numbers.every((number) => /^[1-9]\d{11}$/.test(number)));
});

test('an id and its number name one project; two ids or two numbers never do', () => {
  const number = projectNumber('lake');
  assert.ok(isSameProject('lake', 'lake') && isSameProject('lake', number) && isSameProject(number, 'lake'));
  assert.ok(!isSameProject('lake', 'pond') && !isSameProject(number, '1') && !isSameProject('pond', number));
});
