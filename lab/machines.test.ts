/** The machines of the lab: that what they name exists, and what their guests set up. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LabUnavailable } from './apt.js';
import { type JobParts, jobArchive } from './image.js';
import { labKernel } from './kernels.js';
import { chosenMachines, needsOfMachines } from './machine-runs.js';
import { LAB_MACHINES, scenariosOf } from './machines.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');

test('every machine has a kernel and scenarios that exist, and a name of its own', () => {
  for (const machine of LAB_MACHINES) {
    assert.ok(labKernel(machine.series, machine.architecture), machine.name);
    assert.deepEqual(
      scenariosOf(machine).map(({ name }) => name),
      machine.scenarios,
    );
  }
  assert.equal(new Set(LAB_MACHINES.map(({ name }) => name)).size, LAB_MACHINES.length);
});

test('machines are chosen by name, in the order of the list, and an unknown one is told', () => {
  assert.deepEqual(
    chosenMachines(['zram', 'cpus-1']).map(({ name }) => name),
    ['cpus-1', 'zram'],
  );
  assert.equal(chosenMachines(['all']), LAB_MACHINES);
  const isTold = (problem: unknown) =>
    problem instanceof LabUnavailable && /no machine zrm;/.test(problem.message);
  assert.throws(() => chosenMachines(['zram', 'zrm']), isTold);
});

test('what machines need is put together: QEMU for each architecture, and xz for modules', () => {
  const packages = (...names: string[]) =>
    needsOfMachines(chosenMachines(names)).flatMap((need) => need.packages);
  assert.ok(
    packages('arm64-bytes').includes('qemu-system-arm') && !packages('arm64-bytes').includes('xz-utils'),
  );
  assert.ok(packages('zram').includes('xz-utils') && packages('zram').includes('qemu-system-x86'));
  assert.ok(packages('zram', 'arm64-bytes').includes('qemu-system-arm'));
});

/** The guest's archive as text: entries are not compressed. */
function jobText(parts: JobParts): string {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-job-'));
  try {
    const path = join(folder, 'job.cpio');
    jobArchive(ROOT, { series: '7.3', scenarios: ['one'] }, path, parts);
    return readFileSync(path, 'latin1');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a guest sets up what its machine has, before its program starts', () => {
  const modules = [{ name: 'zram', content: Buffer.from('the module') }];
  const text = jobText({ setup: { zramMiB: 64, cgroup2: true }, modules });
  const lines = [
    'insmod /modules/zram.ko',
    "echo 64M > /sys/block/zram0/disksize'",
    'mkswap /dev/zram0',
    'swapon /dev/zram0',
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
    '/bin/node ',
  ];
  const places = lines.map((line) => text.indexOf(line));
  assert.ok(
    places.every((place) => place > 0),
    String(places),
  );
  assert.deepEqual(
    places,
    [...places].sort((left, right) => left - right),
  );
  assert.ok(text.includes('the module'));
});

test('a guest has the ready scenarios and the recordings that some rows are about, and sets up nothing unasked', () => {
  const text = jobText({});
  assert.ok(text.includes('octavo/scenarios/sequential.yaml'));
  assert.ok(text.includes('octavo/test/fixtures/perf/drawn-spe/drawn-spe-0.data'));
  assert.ok(!/insmod|swapon|cgroup2 /.test(text.slice(0, 4000)));
});
