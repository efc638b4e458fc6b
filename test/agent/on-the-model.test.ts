/** The agent itself in a scenario: whom it touches, when, and how much it keeps, over hours of virtual time. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { SimulationOutcome } from '../../src/simulator/run/outcome.js';
import { Simulation } from '../../src/simulator/run/simulation.js';
import { parseScenario } from '../../src/simulator/scenario/scenario-text.js';

const HOURS = 8;
const SCENARIO = `octavo: scenario
version: 1
about: some hours of the agent with a deploy, a batch, memory pressure, khugepaged and a regression
duration: DURATION
report: 10min
slice: 20s
host: { cpu: zen3, memory: 256MiB, swap: 64MiB, thp: { enabled: always } }
processes:
  - { name: store-a, workload: sparse-blocks, with: { size: 32MiB }, think: 200ms, cgroup: /system.slice/store.service, stop: 3h }
  - { name: store-b, workload: sparse-blocks, with: { size: 32MiB }, think: 200ms, cgroup: /system.slice/store.service, start: 3h }
  - { name: web, workload: zipf, with: { size: 16MiB }, think: 200ms, cgroup: /system.slice/web.service }
  - { name: batch, workload: sparse-blocks, with: { size: 160MiB, used: 60% }, think: 20ms, cgroup: /system.slice/batch.service, start: 1h, stop: 90min, repeat: 2h }
  - { name: guarded, workload: sparse-blocks, with: { size: 8MiB }, think: 200ms, cgroup: /system.slice/guarded.service }
service:
  configuration:
    octavo: agent
    version: 1
    deny: [{ unit: guarded.service }]
    targets:
      - name: store
        match: { unit: store.service }
        act: true
        policy: return-empty
        every: 10m
        guards: { metric: { name: latency, file: /run/store/latency, margin: 10% } }
      - { name: batch, match: { unit: batch.service }, act: true, policy: return-empty, every: 5m }
      - { name: rest, match: { command: '*' }, every: 30m }
  metrics:
    - { file: /run/store/latency, value: 100, noise: NOISE, afterActs: { target: store, from: FROM, by: 40% } }
`;

/** `from`: when acts begin to make the metric worse. `noise`: what it does by itself. */
async function simulated(
  from: string,
  noise = '5%',
  hours = HOURS,
): Promise<{ readonly outcome: SimulationOutcome; readonly notes: readonly string[] }> {
  const text = SCENARIO.replace('DURATION', `${hours}h`).replace('FROM', from).replace('NOISE', noise);
  const scenario = parseScenario(text, 'test');
  const simulation = new Simulation(scenario, 1, { readText: () => '', progress: () => undefined });
  await simulation.run();
  const outcome = simulation.outcome([], 'test');
  return { outcome, notes: outcome.notes };
}

/** Seconds of the notes that match. */
const times = (notes: readonly string[], pattern: RegExp) =>
  notes.filter((note) => pattern.test(note)).map((note) => Number.parseFloat(note));

describe('eight hours of the agent', () => {
  let quiet: Awaited<ReturnType<typeof simulated>>;
  before(async () => {
    quiet = await simulated(`${HOURS}h`);
  });

  test('touch what may be touched, and look at the rest but for what is denied', () => {
    const { service } = quiet.outcome;
    assert.deepEqual(
      service?.targets.map(({ name, touched }) => [name, touched]),
      [
        ['store', ['store-a', 'store-b']],
        ['batch', ['batch']],
        ['rest', []],
      ],
    );
    assert.deepEqual(service?.observed, ['batch', 'store-a', 'store-b', 'web']);
    assert.deepEqual(service?.troubles, []);
  });

  test('find a batch within five seconds, each time that it begins', () => {
    const starts = [1, 3, 5, 7].map((hour) => hour * 3600);
    const found = times(quiet.notes, /Octavo on batch: (acted|nothing to do|only observed|observed)/);
    for (const start of starts)
      assert.ok(
        found.some((at) => at >= start && at <= start + 5 + 1),
        `${start} s: ${found.join(' ')}`,
      );
  });

  test('do not stop for noise of the metric', () => {
    const [store] = quiet.outcome.service?.targets ?? [];
    assert.equal(store.standing, 'clear');
    assert.deepEqual(times(quiet.notes, /latency is .* worse/), []);
  });

  test('fight khugepaged no longer than the guard lets them', () => {
    const { costs, agent } = quiet.outcome;
    assert.ok(costs.khugepagedCollapses > 0, 'khugepaged collapses nothing: no fight');
    const [store] = quiet.outcome.service?.targets ?? [];
    assert.ok(store.totals.undone > 0 && store.totals.refused > 0, JSON.stringify(store.totals));
    assert.ok((agent?.met ?? 0) > 0);
  });

  test('keep no more than some hundred KiB', () => {
    assert.ok(
      (quiet.outcome.service?.stateBytes ?? Infinity) < 2 ** 20,
      String(quiet.outcome.service?.stateBytes),
    );
  });
});

test('an act that makes the user’s metric worse stops the target within 60 seconds, and says why', async () => {
  const { notes } = await simulated('2h', '5%', 6);
  const stops = times(
    notes,
    /Octavo on store: (backing-off|observe-only): .*latency is \d+ % worse than before/,
  );
  const acts = times(notes, /Octavo on store: acted/).filter((at) => at >= 7200);
  // Each of them makes it worse: what the first left must not be learned as usual. After four it is only watched.
  assert.equal(acts.length, 4, notes.join('\n'));
  for (const act of acts)
    assert.ok(
      stops.some((at) => at > act && at - act <= 60),
      `the act at ${act} s: ${stops.join(' ')}`,
    );
});

test('noise as large as the regression stops nothing in hours, and the regression does before the next act', async () => {
  const { notes } = await simulated('5h', '40%', 6);
  const stops = times(notes, /Octavo on store: (backing-off|observe-only): .*latency is/);
  const acts = times(notes, /Octavo on store: acted/);
  const from = 5 * 3600;
  assert.ok(acts.filter((at) => at < from).length > 0, 'nothing was done before');
  assert.deepEqual(
    stops.filter((at) => at < from),
    [],
    'five hours of noise alone',
  );
  const [first, second = Infinity] = acts.filter((at) => at >= from);
  assert.ok(
    stops.some((at) => at > first && at < Math.min(second, first + 600)),
    `the acts at ${first} and ${second} s: ${stops.join(' ')}`,
  );
});
