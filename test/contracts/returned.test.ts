/**
 * What a turn promises to return, what it returns, and what of that comes back: on this kernel, on the model of each
 * release. The model's free memory is nobody else's, so there the system itself is the witness.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { actuatorsOf } from '../../src/config/assemble.js';
import { lookBackUnderLock, readRegrets } from '../../src/cycle/aftermath.js';
import { applyPlan } from '../../src/cycle/apply-plan.js';
import { planTurn } from '../../src/cycle/plan-turn.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import { type Regrets, regretKey } from '../../src/planning/regret.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../../src/policies/policy.js';
import { OccupancySource } from '../../src/sources/occupancy.js';
import { identityOf, observe } from '../../src/verification/observe.js';
import { residentMemory } from '../../src/verification/whereabouts.js';
import type { Plan } from '../../src/vocabulary/plan.js';
import type { Machine } from '../differential/test-machine.js';
import { fourBlocks, must, type Prepared, STAGES, type Stage } from './stages.js';

const signal = new AbortController().signal;
const progress = () => undefined;

async function planFor(machine: Machine, regrets?: Regrets): Promise<Plan> {
  const { host, pid } = machine;
  const { plan } = await planTurn({
    host,
    id: `returned-${host.random.uint32()}`,
    target: String(pid),
    processes: [identityOf(host, pid)],
    sources: [new OccupancySource()],
    policy: policyOf(POLICIES.chain),
    parameters: DEFAULT_PARAMETERS,
    actuators: actuatorsOf(host, ['madvise']),
    budgets: { ...DEFAULT_BUDGETS, maxPressure: 100 },
    feuds: new Map(),
    ...(regrets ? { regrets } : {}),
    insist: false,
    signal,
    progress,
  });
  return plan;
}

async function apply(machine: Machine, directory: string, plan: Plan) {
  machine.host.files.makeDirectory(directory);
  const actuators = actuatorsOf(machine.host, ['madvise']);
  return applyPlan({ place: { host: machine.host, directory }, plan, actuators, signal, progress });
}

const promised = (plan: Plan) =>
  plan.steps.map(({ proposal }) => (proposal.gain.returnedBytes ?? Number.NaN) / 4096);

for (const stage of STAGES) {
  describe(`returned memory on ${stage.name}`, { skip: stage.skip }, () => {
    it('returns zero-filled and unmapped pages as promised, to the page, and the system has them', () =>
      on(stage, async ({ machine, firstBlock }) => {
        await must(machine.advise({ from: 512 + 8, pages: 504 }, 'MADV_DONTNEED'));
        const plan = await planFor(machine);
        const own = plan.steps.filter(({ proposal }) => [0, 1].includes(proposal.block - firstBlock));
        assert.deepEqual(
          own.map(({ proposal }) => [proposal.block - firstBlock, proposal.gain.returnedBytes]),
          [
            [0, 504 * 4096],
            [1, 504 * 4096],
          ],
        );
        const applied = await apply(machine, stage.stateDirectory(), { ...plan, steps: own });
        assert.deepEqual(
          applied.verdicts.map(({ outcome, returnedBytes }) => [outcome, returnedBytes]),
          [
            ['met', 504 * 4096],
            ['met', 504 * 4096],
          ],
        );
        assert.deepEqual(
          applied.verdicts.map(({ residentDelta }) => residentDelta),
          [-504 * 4096, 0],
        );
        const { blocks } = observe(machine.host, machine.pid).sizes;
        assert.equal(
          blocks.unmapped.reduce((sum, pages) => sum + pages, 0),
          0,
        );
        const { free } = applied.memory;
        assert.ok(free);
        if (stage.kind === 'model') assert.equal(free.afterBytes - free.beforeBytes, 1008 * 4096);
      }));

    it('returns unmapped pages whose folio lies in several mappings', () =>
      on(stage, async ({ machine, firstBlock }) => {
        await must(machine.advise({ from: 512 + 8, pages: 504 }, 'MADV_DONTNEED'));
        await must(machine.protect({ from: 512 + 4, pages: 1 }, 'r'));
        const plan = await planFor(machine);
        const steps = plan.steps.filter(({ proposal }) => proposal.block === firstBlock + 1);
        assert.deepEqual(promised({ ...plan, steps }), [504]);
        const { verdicts } = await apply(machine, stage.stateDirectory(), { ...plan, steps });
        assert.deepEqual([verdicts[0].outcome, verdicts[0].returnedBytes], ['met', 504 * 4096]);
      }));

    it('refuses a folio that a child maps as well, and says so', () =>
      on(stage, async ({ machine, firstBlock }) => {
        await must(machine.advise({ from: 512 + 8, pages: 504 }, 'MADV_DONTNEED'));
        await must(machine.fork());
        const plan = await planFor(machine);
        assert.deepEqual(
          promised({ ...plan, steps: plan.steps.filter((s) => s.proposal.block === firstBlock + 1) }),
          [],
        );
        const refused = plan.refused.find(({ proposal }) => proposal.block === firstBlock + 1);
        assert.match(refused?.why ?? '', /other processes map/);
      }));

    it('adds its lines up to RSS', () =>
      on(stage, async ({ machine }) => {
        await must(machine.advise({ from: 512 + 8, pages: 504 }, 'MADV_DONTNEED'));
        const observation = observe(machine.host, machine.pid);
        const found = residentMemory({ ...observation, zeroPages: new Map(), emptyAbove: 0.8 });
        assert.equal(
          found.lines.reduce((sum, { bytes }) => sum + bytes, 0),
          found.rssBytes,
        );
        assert.deepEqual(
          found.lines.filter(({ kind }) => kind === 'changed'),
          [],
          'the walk sees what smaps counts',
        );
      }));

    it('looks back at what came back, tells it, and leaves such blocks alone', () =>
      on(stage, async ({ machine, firstBlock }) => {
        const directory = stage.stateDirectory();
        const place = { host: machine.host, directory };
        const processes = [identityOf(machine.host, machine.pid)];
        const plan = await planFor(machine);
        const steps = plan.steps.filter(({ proposal }) => proposal.block === firstBlock);
        await apply(machine, directory, { ...plan, steps });
        await must(machine.write({ from: 1, pages: 100 }, 1));
        const [little] = lookBackUnderLock(place, processes).cameBack;
        // Pages 0 and 64 held data all the time.
        assert.deepEqual([little.returnedBytes, little.cameBackBytes], [504 * 4096, 99 * 4096]);
        assert.deepEqual([little.times, little.until], [0, 0]);
        await must(machine.write({ from: 0, pages: 512 }, 1));
        const { cameBack, regrets } = lookBackUnderLock(place, processes);
        assert.deepEqual([cameBack[0].cameBackBytes, cameBack[0].times], [504 * 4096, 1]);
        assert.deepEqual(readRegrets(place), regrets);
        assert.ok(regrets.get(regretKey(processes[0])));
        // What the process holds empty after that is not split again for now.
        await must(machine.write({ from: 3 * 512, pages: 512 }, 64));
        await must(machine.advise({ from: 3 * 512, pages: 512 }, 'MADV_COLLAPSE'));
        const next = await planFor(machine, regrets);
        const held = next.refused
          .filter(({ code }) => code === 'regret')
          .map(({ proposal }) => proposal.block);
        assert.deepEqual(
          held.filter((block) => block >= firstBlock && block < firstBlock + 4),
          [firstBlock + 3],
        );
      }));
  });
}

async function on(stage: Stage, act: (prepared: Prepared) => Promise<void>): Promise<void> {
  const prepared = await fourBlocks(stage);
  try {
    await act(prepared);
  } finally {
    await prepared.machine.end();
  }
}
