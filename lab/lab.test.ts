/** The short pass: one boot of the newest pinned kernel, the scenarios that matter most, in a few minutes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SCENARIOS } from '../test/conformance/catalogue.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { findBusybox } from './image.js';
import { LAB_KERNELS } from './kernels.js';
import { findQemu, QEMU } from './qemu.js';
import { describeRuns } from './report.js';
import { runLab } from './run.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const CACHE = join(ROOT, '.cache', 'lab');
/** A few minutes on a machine of its own; a busy one gets the time it needs. */
const TIMEOUT_MS = 30 * 60_000;
const [NEWEST] = LAB_KERNELS;

/** Path of the kernel image, or why the lab cannot be had here. */
function kernelOrReason(): { kernel: string } | { reason: string } {
  if (!findQemu()) return { reason: `${QEMU} is not installed (apt-get install qemu-system-x86 seabios)` };
  if (!findBusybox()) return { reason: 'no static busybox (apt-get install busybox-static)' };
  try {
    return { kernel: fetchKernel(NEWEST, CACHE, () => undefined) };
  } catch (problem) {
    if (!(problem instanceof LabUnavailable)) throw problem;
    return { reason: problem.message };
  }
}

test('a real kernel does what the table of differences says', { timeout: TIMEOUT_MS }, async (context) => {
  const found = kernelOrReason();
  if ('reason' in found) {
    console.log(`lab skipped: ${found.reason}`);
    context.skip(found.reason);
    return;
  }
  const run = await runLab({
    series: NEWEST.series,
    kernel: found.kernel,
    scenarios: SCENARIOS.filter(({ short }) => short),
    root: ROOT,
    cache: CACHE,
    timeoutMs: TIMEOUT_MS / 2,
    say: () => undefined,
  });
  const report = describeRuns([run]).join('\n');
  console.log(report);
  assert.ok(run.results.length > 0 && run.results.every(({ verdict }) => verdict === 'as declared'), report);
});
