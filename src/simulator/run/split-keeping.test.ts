/** The first scenario of docs/simulate.md, and what the page says that it ends with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { showOutcome } from '../../cli/print/simulation.js';
import type { Plan, Verdict } from '../../vocabulary/plan.js';
import { parseScenario } from '../scenario/scenario-text.js';
import type { SimulationOutcome } from './outcome.js';
import { Simulation } from './simulation.js';
import { SplitKeeping } from './split-keeping.js';

const PAGE = readFileSync(new URL('../../../../docs/simulate.md', import.meta.url), 'utf8');
const SCENARIO = /```yaml\n(octavo: scenario[\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
const SAID = /```\n(Octavo took[\s\S]*?)\n```/.exec(PAGE)?.[1] ?? '';

async function outcome(change: (text: string) => string = (text) => text): Promise<SimulationOutcome> {
  const scenario = parseScenario(change(SCENARIO), 'docs/simulate.md');
  const context = { readText: () => '', progress: () => undefined };
  const simulation = new Simulation(scenario, scenario.seed, context);
  await simulation.run();
  return simulation.outcome([1, 1], 'first');
}

test('the summary tells the end, as the page shows it', async () => {
  const whole = await outcome();
  const shown = showOutcome(whole);
  for (const line of SAID.split('\n')) assert.ok(shown.includes(line), `${line}\nis not in\n${shown}`);
  assert.match(shown, /“What keeps a split”/);
  const { turns, met, notMet, splits } = whole.agent ?? assert.fail('no agent');
  assert.deepEqual([turns, met, notMet, splits.blocks], [1, 233, 0, 233]);
  const last = whole.timeline.at(-1)?.processes[0] ?? assert.fail('no rows');
  const split = whole.timeline.find(({ splits }) => splits > 0)?.processes[0] ?? assert.fail('no split');
  assert.ok(splits.takenBackByKernelBytes > 0.9 * splits.returnedBytes);
  assert.ok(last.rss > split.rss + 0.9 * (last.rss - split.rss));
});

test('where khugepaged may fill fewer holes, all of it stays returned', async () => {
  const { agent } = await outcome((text) =>
    text.replace('enabled: always,', 'enabled: always, khugepaged/max_ptes_none: 409,'),
  );
  const { splits } = agent ?? assert.fail('no agent');
  assert.equal(splits.hugeAgain, 0);
  assert.equal(splits.takenBackByKernelBytes, 0);
  assert.equal(splits.takenBackByProcessBytes, 0);
  assert.ok(splits.returnedBytes > 400 * 2 ** 20);
});

/** A simulation with one process of base pages, and a split of its first block that left nothing there. */
async function splitBlock(outcome: Verdict['outcome'], action: 'split' | 'collapse', pid?: number) {
  const text = SCENARIO.replace('enabled: always', 'enabled: never')
    .replace('512MiB', '16MiB')
    .replace('duration: 20s', 'duration: 2s')
    .replace('warmUp: 5s', 'warmUp: 1s')
    .replace(/agent:[\s\S]*$/, '');
  const scenario = parseScenario(text, 'small.yaml');
  const simulation = new Simulation(scenario, 1, { readText: () => '', progress: () => undefined });
  await simulation.run();
  const [{ task, window }] = simulation.processes;
  const process = { pid: pid ?? task.pid };
  const block = window.firstPage / 512;
  const plan = { steps: [{ id: 7, proposal: { process, block, action } }] } as unknown as Plan;
  const verdict = { step: 7, outcome, after: { present: 10 }, residentDelta: -4096 } as unknown as Verdict;
  const keeping = new SplitKeeping();
  keeping.note(plan, [verdict]);
  keeping.note(plan, [verdict]);
  return {
    splits: keeping.atEnd(simulation.machine.kernel),
    present: presentPages(simulation, task.pid, block),
  };
}

/** Present pages of a block, as the model's pagemap tells them. */
function presentPages({ machine }: Simulation, pid: number, block: number): number {
  const pagemap = machine.host.files.open(`/proc/${pid}/pagemap`);
  assert.ok(pagemap.ok);
  const entries = new Uint8Array(512 * 8);
  pagemap.value.read(entries, block * 512 * 8);
  return Array.from({ length: 512 }, (_, page) => entries[page * 8 + 7] >> 7).reduce(
    (sum, bit) => sum + bit,
    0,
  );
}

test('what the process touches again is told apart, and a block counts once', async () => {
  const { splits, present } = await splitBlock('met', 'split');
  assert.ok(present > 10);
  assert.deepEqual(splits, {
    blocks: 1,
    returnedBytes: 4096,
    hugeAgain: 0,
    takenBackByKernelBytes: 0,
    takenBackByProcessBytes: (present - 10) * 4096,
  });
});

test('only splits that were met count, and a process that has ended holds nothing', async () => {
  assert.equal((await splitBlock('not-met', 'split')).splits.blocks, 0);
  assert.equal((await splitBlock('met', 'collapse')).splits.blocks, 0);
  const { splits } = await splitBlock('met', 'split', 99999);
  assert.deepEqual([splits.returnedBytes, splits.takenBackByProcessBytes], [4096, 0]);
});

test('without an agent nothing is told of one', async () => {
  const { agent } = await outcome((text) => text.replace(/agent:[\s\S]*$/, ''));
  assert.equal(agent, undefined);
});
