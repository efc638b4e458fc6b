/** What a policy is told besides heat, and what beliefs learn from the outcome of a plan. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROCESS, SETTINGS, SUB_PAGE_ORIGIN, state } from '../../test/support/drawing.js';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { Beliefs } from '../belief/beliefs.js';
import type { TurnTime } from '../belief/process-belief.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import type { Plan, Verdict } from '../vocabulary/plan.js';
import type { Translation } from '../vocabulary/translation.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { hostFacts, learn, learnOutcome, learnUndone, learnWalks } from './policy-facts.js';

const beliefsOf = () => new Beliefs({ geometry: GEOMETRY_4K });

describe('facts of the host', () => {
  test('are its settings, its free huge blocks where they are told, and the CPU that is known', () => {
    const host = new ScriptedHost([9]);
    const translation = { entries: 3 } as unknown as Translation;
    const facts = hostFacts({ host, settings: SETTINGS, translation });
    assert.equal(facts.translation, translation);
    assert.equal(facts.settings, SETTINGS);
    assert.ok((facts.freeHugeBytes ?? 0) > 0);
    host.texts.delete('/proc/buddyinfo');
    const own = hostFacts({ host, settings: SETTINGS });
    assert.equal('freeHugeBytes' in own, false);
    assert.notEqual(own.translation, undefined, 'what is usual, where the host says nothing of its CPU');
  });
});

describe('a turn', () => {
  /** The time that a belief is told, by turns at these seconds, with the window of its samples. */
  function timesOf(
    atSeconds: readonly number[],
    { uptime = '', windowNs = undefined as number | undefined },
  ) {
    const host = new ScriptedHost([9]);
    if (uptime !== '') host.texts.set('/proc/uptime', uptime);
    const beliefs = beliefsOf();
    const belief = beliefs.begin(PROCESS);
    const times: TurnTime[] = [];
    const { learn: own } = belief;
    belief.learn = (heat, time) => {
      times.push(time);
      own.call(belief, heat, time);
    };
    for (const at of atSeconds) {
      host.clock.wallMs = () => at * 1000;
      const heat =
        windowNs === undefined
          ? undefined
          : new HotMapBuilder(PROCESS, GEOMETRY_4K).build([{ ...SUB_PAGE_ORIGIN, windowNs }]);
      learn(beliefs, { host, process: PROCESS, heat, regrets: undefined });
    }
    return times.map(({ elapsedSeconds, windowSeconds, atMs }) => [elapsedSeconds, windowSeconds, atMs]);
  }

  test('lasted since the one before, and was sampled for the window of its source', () => {
    assert.deepEqual(timesOf([100, 130], { windowNs: 5e9 }), [
      [0, 5, 100_000],
      [30, 5, 130_000],
    ]);
  });

  test('without a window was sampled since the last one, and at first since the process began', () => {
    // PROCESS began 50 s after the boot.
    assert.deepEqual(timesOf([100, 130], { uptime: '62.5 1.0\n' }), [
      [0, 12.5, 100_000],
      [30, 30, 130_000],
    ]);
    for (const uptime of ['', 'x', '50 1', '20 1'])
      assert.deepEqual(timesOf([100], { uptime }), [[0, 1, 100_000]], uptime);
  });

  test('whose clock was set back lasted no time', () => {
    assert.deepEqual(timesOf([130, 100], { windowNs: 1e9 })[1], [0, 1, 100_000]);
  });

  test('knows what came back of returned memory, in pages and seconds', () => {
    const host = new ScriptedHost([9]);
    const beliefs = beliefsOf();
    const regret = (afterMs: number) => ({
      ...{ pid: PROCESS.pid, startTicks: PROCESS.startTicks, returnedBytes: 40_960, cameBackBytes: 8192 },
      ...{ run: 'r', afterMs, times: 1, until: 0 },
    });
    for (const [afterMs, afterSeconds] of [
      [30_000, 30],
      [5, 1],
    ] as const) {
      const regrets = new Map([[`${PROCESS.pid}/${PROCESS.startTicks}`, regret(afterMs)]]);
      learn(beliefs, { host, process: PROCESS, heat: undefined, regrets });
      assert.deepEqual(beliefs.of(PROCESS)?.returns, { returned: 10, cameBack: 2, afterSeconds });
    }
  });
});

describe('an outcome', () => {
  const planOf = (action: 'split' | 'collapse', expected = true) =>
    ({
      steps: [
        {
          id: 4,
          proposal: {
            ...{ process: PROCESS, action },
            gain: expected ? { expected: { gainedNs: 0, lostNs: 0, bytes: 4096, chance: 1 } } : {},
          },
        },
      ],
    }) as unknown as Plan;
  const verdict = (changes: Partial<Verdict>) =>
    ({
      step: 4,
      outcome: 'met',
      residentDelta: -8192,
      before: state('H'),
      after: state('4'),
      ...changes,
    }) as Verdict;
  const learned = (plan: Plan, verdicts: readonly Verdict[]) => {
    const beliefs = beliefsOf();
    const belief = beliefs.begin(PROCESS);
    learnOutcome(beliefs, plan, verdicts);
    return [belief.ledger.steps, belief.ledger.predictedBytes, belief.ledger.observedBytes];
  };

  test('of a split is what went back, by the system or by what is resident, and never less than nothing', () => {
    assert.deepEqual(learned(planOf('split'), [verdict({ returnedBytes: 12_288 })]), [1, 4096, 12_288]);
    assert.deepEqual(learned(planOf('split'), [verdict({ returnedBytes: null })]), [1, 4096, 8192]);
    assert.deepEqual(learned(planOf('split'), [verdict({ returnedBytes: -4096 })]), [1, 4096, 0]);
    assert.deepEqual(
      learned(planOf('split'), [verdict({ outcome: 'partly', returnedBytes: 1 })]),
      [1, 4096, 1],
    );
  });

  test('of anything else teaches nothing', () => {
    assert.deepEqual(learned(planOf('collapse'), [verdict({})]), [0, 0, 0]);
    assert.deepEqual(learned(planOf('split', false), [verdict({})]), [0, 0, 0]);
    assert.deepEqual(learned(planOf('split'), [verdict({ outcome: 'not-met' })]), [0, 0, 0]);
    assert.deepEqual(learned(planOf('split'), [verdict({ step: 5 })]), [0, 0, 0]);
    learnOutcome(beliefsOf(), planOf('split'), [verdict({})]);
    const grown = { returnedBytes: null, residentDelta: 4096 };
    assert.deepEqual(learned(planOf('split'), [verdict(grown)]), [1, 4096, 0], 'what grew gave nothing back');
  });

  test('that others undid, and walks that samples showed, add up; of unknown processes nothing is kept', () => {
    const beliefs = beliefsOf();
    learnUndone(beliefs, PROCESS, 3);
    learnWalks(beliefs, PROCESS, 10, 20);
    const belief = beliefs.begin(PROCESS);
    for (const undone of [2, 0, 1]) learnUndone(beliefs, PROCESS, undone);
    assert.equal(belief.ledger.undone, 3);
    learnWalks(beliefs, PROCESS, 10, 20);
    assert.deepEqual([belief.ledger.predictedWalks, belief.ledger.observedWalks], [10, 20]);
  });
});
