/** The first scenario of docs/simulate.md, and what the page says that it ends with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { showOutcome } from '../cli/print/simulation.js';
import type { SimulationOutcome } from './outcome.js';
import { parseScenario } from './scenario-text.js';
import { Simulation } from './simulation.js';

const PAGE = readFileSync(new URL('../../../docs/simulate.md', import.meta.url), 'utf8');
const SCENARIO = /```yaml\n(octavo: scenario[^]*?)```/.exec(PAGE)?.[1] ?? '';
const SAID = /```\n(Octavo took[^]*?)\n```/.exec(PAGE)?.[1] ?? '';

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

test('what the process touches again is told apart', async () => {
  const { agent } = await outcome((text) =>
    text
      .replace('enabled: always,', 'enabled: always, khugepaged/max_ptes_none: 0,')
      .replace('workload: sparse-blocks', 'workload: gups')
      .replace('{ size: 512MiB, used: 10% }', '{ size: 64MiB }')
      .replace('policy: return-empty', 'policy: return-empty\n  start: 1ms'),
  );
  const { splits } = agent ?? assert.fail('no agent');
  assert.equal(splits.hugeAgain, 0);
  assert.ok(splits.takenBackByProcessBytes > 0.9 * splits.returnedBytes, JSON.stringify(splits));
});

test('without an agent nothing is told of one', async () => {
  const { agent } = await outcome((text) => text.replace(/agent:[^]*$/, ''));
  assert.equal(agent, undefined);
});
