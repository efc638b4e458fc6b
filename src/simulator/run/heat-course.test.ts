/** Where the accesses of a simulation went, slice by slice, and for how long a process has any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScenario } from '../scenario/scenario-text.js';
import { Simulation } from './simulation.js';

async function heatOf(duration: string, processes: string) {
  const text = `octavo: scenario
version: 1
about: heat
duration: ${duration}
report: 50ms
host: { cpu: zen3, memory: 256MiB, thp: { enabled: always } }
processes:
${processes}
`;
  const context = { readText: () => '', progress: () => undefined, keepHeat: true };
  const simulation = new Simulation(parseScenario(text, 'test'), 1, context);
  await simulation.run();
  return simulation.outcome([], 'test').heat ?? [];
}

test('a process has slices from its start to its end, and none behind it', async () => {
  const heat = await heatOf(
    '2s',
    `  - { name: a, workload: zipf, with: { size: 4MiB }, think: 1ms }
  - { name: b, workload: zipf, with: { size: 4MiB }, think: 1ms, start: 500ms, stop: 1s }`,
  );
  const [a, b] = heat.map(({ process, fromMs, slices }) => ({
    process,
    fromMs,
    toMs: slices.at(-1)?.toMs ?? Number.NaN,
    sum: slices.flatMap(({ accesses }) => accesses).reduce((all, count) => all + count, 0),
  }));
  assert.deepEqual([a.process, a.toMs], ['a', 2000]);
  assert.ok(b.fromMs >= 400 && b.fromMs <= 500 && b.toMs >= 1000 && b.toMs <= 1100, `${b.fromMs}–${b.toMs}`);
  assert.ok(b.sum > 100 && b.sum < a.sum / 2, JSON.stringify([a, b]));
});
