import { NO_PACING } from '../../../src/actuators/damos/block-context.js';
import { runOnBlocks } from '../../../src/actuators/damos/run-blocks.js';
import { recordPath } from '../../../src/damon/record.js';
import { DamonSlot } from '../../../src/damon/slot.js';
import type { PageRange } from '../../../src/vocabulary/units.js';
import { ForeignKdamond } from '../foreign-kdamond.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf } from '../steps.js';

/** Other users of DAMON find everything as they left it, even when Octavo is killed in the middle. */
export const damonOwners: Scenario = {
  name: 'damon-owners',
  says: 'a foreign kdamond is reported and left exactly as found, also over a kill -9',
  short: true,
  run: meetOwners,
  expected: (): Rows => ({
    'refused without sharing': true,
    'owner named': 'another tool: kdamond 0 runs as PID, kdamond 1 is empty',
    'tree after the refusal': 'as found',
    'shared run': 'done',
    'tree after the shared run': 'as found',
    'tree with a killed Octavo': 'changed',
    'tree after the next Octavo': 'as found',
    'foreign kdamond still runs': true,
    'journal left over': false,
  }),
};

async function meetOwners(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(8, 'anon');
  await workload.touch(range, 64);
  const foreign = await ForeignKdamond.start(host, workload.pid, range);
  const refusal = await DamonSlot.open(host, { share: false });
  if (refusal.ok) await refusal.value.close();
  const rows: Record<string, string | number | boolean> = {
    'refused without sharing': !refusal.ok,
    'owner named': refusal.ok ? '' : refusal.error.owner.replace(/as \d+/, 'as PID'),
    'tree after the refusal': await foreign.compare(),
    'shared run': await runShared(stage, workload.pid, range),
    'tree after the shared run': await foreign.compare(),
  };
  await stage.killOctavoHoldingDamon(workload.pid, blocksOf(host, range, [4, 5, 6]), true);
  rows['tree with a killed Octavo'] = await foreign.compare();
  const next = await DamonSlot.open(host, { share: true });
  if (next.ok) await next.value.close();
  rows['tree after the next Octavo'] = await foreign.compare();
  rows['foreign kdamond still runs'] = foreign.isRunning();
  rows['journal left over'] = host.files.status(recordPath(host)).ok;
  foreign.stop();
  await workload.end();
  return rows;
}

async function runShared({ host }: Stage, pid: number, range: PageRange): Promise<string> {
  const slot = await DamonSlot.open(host, { share: true });
  if (!slot.ok) return slot.error.owner;
  const order = { pid, action: 'hugepage', targetOrder: undefined, blocks: blocksOf(host, range, [1, 2]) };
  const run = await runOnBlocks(slot.value, order, NO_PACING);
  await slot.value.close();
  return run.end;
}
