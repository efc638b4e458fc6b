import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LabUnavailable } from './apt.js';
import { checkNeeds, needsOf } from './needs.js';

test('everything that is missing is told at once', () => {
  const need = (isThere: boolean, ...packages: string[]) => ({ isThere: () => isThere, packages });
  checkNeeds([need(true, 'a'), need(true, 'b')]);
  assert.throws(
    () => checkNeeds([need(false, 'a', 'b'), need(true, 'c'), need(false, 'd')]),
    (problem: Error) =>
      problem instanceof LabUnavailable && problem.message === 'missing here: apt-get install a b d',
  );
});

test('what is needed depends on the architecture, and on whether a kernel is built', () => {
  const packages = (...parameters: Parameters<typeof needsOf>) =>
    needsOf(...parameters).flatMap((need) => need.packages);
  assert.deepEqual(packages('x64', false), ['qemu-system-x86', 'seabios', 'busybox-static', 'dpkg']);
  assert.deepEqual(packages('arm64', false), ['qemu-system-arm', 'npm', 'dpkg']);
  assert.ok(packages('x64', true).includes('bison'));
});
