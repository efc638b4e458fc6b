/** What the probe splits and puts back: plans and runs like any other, with their guards and their journal. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { place } from '../../test/support/turns.js';
import { keepFeuds } from '../cycle/feuds.js';
import { listRuns, readRun } from '../cycle/journal.js';
import { lastVerdicts } from '../cycle/recovery.js';
import { lockState } from '../cycle/state-lock.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { withRecollapse } from '../planning/guard.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import { actuatorsOf } from './assemble.js';
import { assembleProbe } from './assemble-probe.js';
import { JournalledHands } from './probe-hands.js';

const BLOCKS = [FIRST_BLOCK, FIRST_BLOCK + 1];
const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;

function handsOn(host: ScriptedHost, signal = new AbortController().signal) {
  return new JournalledHands({
    ...{ place: place(host), actuators: actuatorsOf(host), budgets: DEFAULT_BUDGETS, signal },
  });
}
const orders = (host: ScriptedHost) => host.blocks.map(({ order }) => order);
const me = (host: ScriptedHost) => identityOf(host, PID);

describe('the hands of a probe', () => {
  test('split and put back by runs of their own, of which the second takes back the first', async () => {
    const host = new ScriptedHost([9, 9, 9]);
    const hands = handsOn(host);
    await hands.split(me(host), BLOCKS);
    assert.deepEqual(orders(host), [0, 0, 9]);
    host.nowNs += 1e9;
    await hands.collapse(me(host), BLOCKS);
    assert.deepEqual(orders(host), [9, 9, 9]);
    assert.deepEqual(hands.runs, listRuns(place(host)));
    const [split, collapse] = hands.runs.map((run) => readRun(place(host), run)!);
    assert.equal(collapse.plan.undoes, split.run);
    assert.equal('undoes' in split.plan, false);
    assert.deepEqual(
      [...lastVerdicts(split).values()].map(({ by }) => by?.who),
      ['octavo', 'octavo'],
    );
    assert.match(split.plan.id, /^probe-/);
    assert.deepEqual([split.plan.notes, split.plan.target], [['a probe of octavo'], '100']);
  });

  test('keep off blocks in a feud, and put back what they did split', async () => {
    const host = new ScriptedHost([9, 9]);
    const feuds = withRecollapse(new Map(), me(host), FIRST_BLOCK, host.clock.wallMs());
    keepFeuds(place(host), feuds);
    const hands = handsOn(host);
    await hands.split(me(host), BLOCKS);
    assert.deepEqual(orders(host), [9, 0]);
    await hands.collapse(me(host), BLOCKS);
    assert.deepEqual(orders(host), [9, 9]);
  });

  test('make no run where nothing is to be done, or of a process that has ended', async () => {
    const host = new ScriptedHost([9, 9]);
    const hands = handsOn(host);
    const process = me(host);
    await hands.collapse(process, BLOCKS);
    host.alive = false;
    await hands.split(process, BLOCKS);
    assert.deepEqual([hands.runs, listRuns(place(host))], [[], []]);
  });

  test('put back after a stop as well, but split no more', async () => {
    const host = new ScriptedHost([9, 9]);
    const stop = new AbortController();
    const hands = handsOn(host, stop.signal);
    await hands.split(me(host), BLOCKS);
    stop.abort('SIGINT');
    await hands.collapse(me(host), BLOCKS);
    assert.deepEqual(orders(host), [9, 9]);
    await assert.rejects(hands.split(me(host), BLOCKS), code('STOPPED'));
    assert.deepEqual(orders(host), [9, 9]);
  });

  test('wait for another Octavo to put back, for half a minute at most; to split they do not', async () => {
    const host = new ScriptedHost([9, 9, 9]);
    const hands = handsOn(host);
    await hands.split(me(host), BLOCKS);
    const held = lockState(place(host));
    const began = host.nowNs;
    await assert.rejects(hands.split(me(host), [FIRST_BLOCK + 2]), code('STATE_LOCKED'));
    assert.ok(host.nowNs - began < 1e9);
    const before = host.nowNs;
    await assert.rejects(hands.collapse(me(host), BLOCKS), code('STATE_LOCKED'));
    const waited = (host.nowNs - before) / 1e9;
    assert.ok(waited > 30 && waited < 30.5, `${waited} s`);
    assert.ok(host.log.filter((line) => line === 'sleep 200').length >= 150);
    const { sleep } = host.clock;
    host.clock.sleep = async (...given) => {
      await sleep(...given);
      held.release();
    };
    const again = host.nowNs;
    await hands.collapse(me(host), BLOCKS);
    assert.ok((host.nowNs - again) / 1e6 > 200 && (host.nowNs - again) / 1e6 < 300);
    assert.deepEqual(orders(host), [9, 9, 9]);
  });

  test('do not wait where something else is wrong', async () => {
    const host = new ScriptedHost([9, 9]);
    const hands = handsOn(host);
    await hands.split(me(host), BLOCKS);
    host.full = true;
    const sleeps = host.log.length;
    await assert.rejects(hands.collapse(me(host), BLOCKS), code('FILE_UNWRITABLE'));
    host.files.readText = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects(hands.collapse({ ...PROCESS_OF, pid: PID }, BLOCKS), TypeError);
    assert.equal(
      host.log.slice(sleeps).some((line) => line.startsWith('sleep 200')),
      false,
    );
  });

  test('say what they lack: a way to split to base pages and one to collapse', () => {
    const host = new ScriptedHost([9]);
    assert.equal(handsOn(host).missing, '');
    const lacking = (...names: Parameters<typeof actuatorsOf>[1][]) =>
      new JournalledHands({
        ...{ place: place(host), actuators: actuatorsOf(host, ...names), budgets: DEFAULT_BUDGETS },
        signal: new AbortController().signal,
      }).missing;
    assert.match(lacking(['debugfs-split']), /^no actuators here/);
    assert.match(lacking(['collapse-then-split']), /^no actuators here/);
    assert.equal(lacking(['madvise']), '');
    host.calls.probeAdvice = () => ({ ok: false, error: { errno: 'EINVAL', call: 'probe' } });
    host.debugfs = 'EPERM';
    assert.match(handsOn(host).missing, /^no actuators here/);
  });

  test('see the pressure that so many more collapses would make', () => {
    const host = new ScriptedHost([9]);
    host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}70 0\n`);
    assert.deepEqual([handsOn(host).pressure(5), typeof handsOn(host).pressure(6)], [undefined, 'string']);
  });
});

const PROCESS_OF = { startTicks: 5000, command: 'db', cgroup: '/db.service' };

test('a probe is assembled of its target, its hands and its bounds', async () => {
  const host = new ScriptedHost([9, 9]);
  host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}70 0\n`);
  const request = {
    target: String(PID),
    scope: {},
    parameters: {},
    signal: new AbortController().signal,
  };
  const { processes, source, hands } = assembleProbe(place(host), {
    ...request,
    budgets: { minFreeBytes: 0 },
  });
  assert.deepEqual([processes.map(({ pid }) => pid), source.name, hands.missing], [[PID], 'probe', '']);
  assert.equal(hands.pressure(1000), undefined, 'its own bound');
  assert.throws(
    () => assembleProbe(place(host), { ...request, budgets: {}, scope: { deny: ['100'] } }),
    code('TARGET_FORBIDDEN'),
  );
});
