/** Runs in the guest: the scenarios of /octavo/job.json one after the other, each reported as soon as it is known. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { KDAMONDS, numberedChildren } from '../../src/damon/kernel-files.js';
import { EXCLUSIVE_MODULES } from '../../src/damon/owner.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import type { Scenario } from '../../test/conformance/scenario.js';
import type { GuestJob } from '../image.js';
import { findScenario } from '../machines.js';
import type { GuestMessage } from '../messages.js';
import { guestStage } from './guest-stage.js';

const PORT = '/dev/vport0p1';

const job = JSON.parse(readFileSync('/octavo/job.json', 'utf8')) as GuestJob;
const port = openSync(PORT, 'w');
const host = linuxHost();

function say(message: GuestMessage): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(port, line, written);
}

const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** Modules that hold DAMON exclusively from boot on would keep every scenario but their own from it. */
function freeDamon(): void {
  for (const module of EXCLUSIVE_MODULES) {
    host.files.writeKernelFile(`/sys/module/${module}/parameters/enabled`, 'N');
  }
}

/** What a scenario that failed in the middle left behind must not fail the next ones. */
function emptyDamon(): void {
  for (const slot of numberedChildren(host, KDAMONDS)) {
    host.files.writeKernelFile(`${KDAMONDS}/${slot}/state`, 'off');
  }
  host.files.writeKernelFile(`${KDAMONDS}/nr_kdamonds`, '0');
}

async function perform(scenario: Scenario): Promise<void> {
  const began = uptime();
  say({ kind: 'start', scenario: scenario.name });
  const stage = guestStage(host, job.series, (text) => say({ kind: 'note', scenario: scenario.name, text }));
  try {
    const rows = await scenario.run(stage);
    say({ kind: 'rows', scenario: scenario.name, rows, seconds: uptime() - began });
  } catch (problem) {
    const text = problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
    say({ kind: 'failed', scenario: scenario.name, problem: text, seconds: uptime() - began });
    emptyDamon();
  }
}

say({
  kind: 'ready',
  release: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  uptimeSeconds: uptime(),
});
for (const name of job.scenarios) {
  const scenario = findScenario(name);
  if (scenario && !scenario.asBooted) freeDamon();
  if (scenario) await perform(scenario);
  else say({ kind: 'failed', scenario: name, problem: 'no such scenario', seconds: 0 });
}
say({ kind: 'end', uptimeSeconds: uptime() });
process.exit(0);
