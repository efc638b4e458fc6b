/** A run whose permission changes while it goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { place, planFor } from '../../test/support/turns.js';
import { actuatorsOf } from '../config/assemble.js';
import type { Budgets } from '../vocabulary/plan.js';
import { applyPlan } from './apply-plan.js';
import { readRun } from './journal.js';
import type { Leash } from './leash.js';

const BLOCKS = 6;
/** Each split takes that long: one makes a burst. */
const HELD_NS = 5_000_000;

async function run(leash: (budgets: Budgets) => Leash, lockUsPerSecond = 100_000) {
  const host = new ScriptedHost(Array.from({ length: BLOCKS }, () => 9));
  host.advising = [HELD_NS];
  const split = Array.from({ length: BLOCKS }, (_, index) => index);
  const plan = await planFor(host, { split, budgets: { lockUsPerSecond } });
  const asked: number[] = [];
  const ask = leash(plan.budgets);
  const applied = await applyPlan({
    ...{ place: place(host), plan, actuators: actuatorsOf(host), signal: new AbortController().signal },
    leash: (acted) => {
      asked.push(acted);
      return ask(acted);
    },
    progress: () => undefined,
  });
  return { host, applied, asked, split: host.blocks.filter(({ order }) => order === 0).length };
}

test('a run stops between two steps when it may not go on, and its journal says why', async () => {
  const { host, applied, split } = await run((budgets) => (acted) => {
    return acted < 2 ? { budgets, steps: Number.POSITIVE_INFINITY } : 'it was forbidden';
  });
  assert.deepEqual([applied.how, applied.why, split], ['stopped', 'it was forbidden', 2]);
  const end = readRun(place(host), applied.run)?.records.at(-1);
  assert.ok(end?.kind === 'end');
  assert.deepEqual([end.how, end.why], ['stopped', 'it was forbidden']);
});

test('a run that may not begin does nothing', async () => {
  const { applied, split } = await run(() => () => 'it was forbidden');
  assert.deepEqual([applied.how, split], ['stopped', 0]);
});

test('a lower share of locks holds from the next burst on', async () => {
  const lastPause = async (later: number) => {
    const { host } = await run((budgets) => (acted) => {
      const lockUsPerSecond = acted < 3 ? budgets.lockUsPerSecond : later;
      return { budgets: { ...budgets, lockUsPerSecond }, steps: Number.POSITIVE_INFINITY };
    });
    const pauses = host.log.filter((line) => line.startsWith('sleep ')).map((line) => Number(line.slice(6)));
    return pauses[pauses.length - 1];
  };
  const [before, after] = [await lastPause(100_000), await lastPause(10_000)];
  assert.ok(after > before, `${before} ms, then ${after} ms`);
});

test('a burst is no larger than what may still be acted on', async () => {
  const { applied, split } = await run(
    (budgets) => (acted) => {
      return acted < 4 ? { budgets, steps: 4 - acted } : 'no more';
    },
    0,
  );
  assert.deepEqual([applied.how, split], ['stopped', 4]);
});
