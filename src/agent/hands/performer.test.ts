/** The acting side on a scripted host: what it does, what it refuses whatever it is told, and what it remembers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_BLOCK } from '../../../test/support/drawing.js';
import { grant, grantsOf } from '../../../test/support/grants.js';
import { PID, ScriptedHost } from '../../../test/support/scripted-host.js';
import { planFor } from '../../../test/support/turns.js';
import { success } from '../../base/result.js';
import type { Source } from '../../sources/source.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Plan, Step } from '../../vocabulary/plan.js';
import { MIB } from '../../vocabulary/units.js';
import type { Told } from './acting-side.js';
import type { Grant, Grants } from './grants.js';
import { narrower } from './judge.js';
import { lookOffers } from './looks.js';
import { Performer } from './performer.js';
import type { SampleRequest } from './protocol.js';

const SELF = { pid: PID, startTicks: 5000 };
const never = new AbortController().signal;

function acting(
  more: Partial<Grant> = {},
  blocks: ConstructorParameters<typeof ScriptedHost>[0] = [9, 9, 9],
) {
  const host = new ScriptedHost(blocks);
  const grants = grantsOf(grant(more));
  return { host, performer: new Performer({ host, readGrants: () => grants }) };
}

const codeOf = (told: Told<unknown>) => (told.ok ? 'done' : told.error.code);
const whyOf = (told: Told<unknown>) => (told.ok ? '' : told.error.why);

/** Applies a plan that somebody changed on the way. */
async function applied(
  { host, performer }: ReturnType<typeof acting>,
  change: (plan: Plan) => Plan = (plan) => plan,
) {
  return performer.apply(change(await planFor(host, { split: [0, 1] })), never);
}

const withStep = (plan: Plan, change: (step: Step) => Step): Plan => ({
  ...plan,
  steps: [change(plan.steps[0]), ...plan.steps.slice(1)],
});
const withProposal = (plan: Plan, more: Partial<Step['proposal']>): Plan =>
  withStep(plan, (step) => ({ ...step, proposal: { ...step.proposal, ...more } }));

describe('a plan within what is allowed', () => {
  test('is carried out and journaled, and tells what came of it without frames', async () => {
    const parts = acting();
    const told = await applied(parts);
    assert.ok(told.ok, whyOf(told));
    const { how, code, closed, receipts, verdicts, recovered, doneBefore } = told.value;
    assert.deepEqual(
      [how, code, closed, receipts.length, recovered, doneBefore],
      ['complete', '', true, 2, [], []],
    );
    assert.deepEqual(
      verdicts.map(({ outcome, before, after }) => [outcome, before.firstFrame, after.firstFrame]),
      [
        ['met', null, null],
        ['met', null, null],
      ],
    );
    assert.deepEqual(
      parts.host.blocks.map(({ order }) => order),
      [0, 0, 9],
    );
    assert.ok([...parts.host.texts.keys()].some((path) => path.endsWith('/journal.jsonl')));
  });

  test('has the narrower of both budgets, and the processes as they are', async () => {
    const { host, performer } = acting({ budgets: { ...grant().budgets, maxBlocks: 2, maxPressure: 5 } });
    const plan = await planFor(host, {
      split: [0, 1],
      budgets: { maxBlocks: 7, maxPressure: 50, minFreeBytes: 1e9 },
    });
    const strange = { ...plan.processes[0], command: 'redis', cgroup: '/elsewhere' };
    const told = await performer.apply({ ...plan, processes: [strange] }, never);
    assert.ok(told.ok);
    const journal = [...host.texts].find(([path]) => path.endsWith('journal.jsonl'))?.[1] ?? '';
    assert.equal(journal.includes('elsewhere'), false);
    const { budgets } = grant();
    assert.deepEqual(
      narrower(
        { ...budgets, maxBlocks: 0, maxBytes: 5 },
        { ...budgets, maxBlocks: 3, maxBytes: 4, minFreeBytes: 1e9 },
      ),
      { ...budgets, maxBlocks: 3, maxBytes: 4, minFreeBytes: 1e9 },
    );
  });

  test('of which a part was unmapped since is carried out without that part, and of which all was is refused', async () => {
    const parts = acting();
    const moved = (step: Step) => ({
      ...step,
      before: { ...step.before, block: FIRST_BLOCK + 3 + step.id },
      proposal: { ...step.proposal, block: FIRST_BLOCK + 3 + step.id },
    });
    const all = await applied(parts, (plan) => ({ ...plan, steps: plan.steps.map(moved) }));
    assert.deepEqual(
      [codeOf(all), whyOf(all)],
      ['stale', 'all steps of the plan are outside of the mappings of its processes'],
    );
    assert.equal(codeOf(await applied(parts, (plan) => withStep(plan, moved))), 'too-soon');
    parts.host.nowNs += 1e9;
    const told = await applied(parts, (plan) => withStep(plan, moved));
    assert.ok(told.ok, whyOf(told));
    assert.deepEqual([told.value.receipts.length, told.value.verdicts.length], [1, 1]);
    assert.deepEqual(
      parts.host.blocks.map(({ order }) => order),
      [9, 0, 9],
    );
  });

  test('that was interrupted tells so, and one that is taken back before it begins does nothing', async () => {
    const { host, performer } = acting();
    const plan = await planFor(host, { split: [0] });
    assert.equal(codeOf(await performer.apply(plan, AbortSignal.abort('SIGTERM'))), 'cancelled');
    await performer.close();
    assert.equal(codeOf(await performer.apply(plan, never)), 'cancelled');
    assert.equal(await performer.ended, 'closed');
    assert.equal(host.blocks[0].order, 9);
  });
});

describe('a plan that the deciding side has made up', () => {
  const refusals: readonly (readonly [string, (plan: Plan) => Plan, string, RegExp])[] = [
    ['of another boot', (plan) => ({ ...plan, bootId: 'x' }), 'not-allowed', /of another boot$/],
    [
      'of another page size',
      (plan) => ({ ...plan, geometry: { ...plan.geometry, blockBytes: 4096 } }),
      'not-allowed',
      /page size$/,
    ],
    [
      'of other base pages',
      (plan) => ({ ...plan, geometry: { ...plan.geometry, pageBytes: 65_536 } }),
      'not-allowed',
      /page size$/,
    ],
    ['with a path for a name', (plan) => ({ ...plan, id: '../x' }), 'not-allowed', /no proper name$/],
    [
      'that undoes a path',
      (plan) => ({ ...plan, undoes: '../../etc/passwd' }),
      'not-allowed',
      /run to undo has no proper name$/,
    ],
    ['without steps', (plan) => ({ ...plan, steps: [] }), 'not-allowed', /no steps$/],
    [
      'that contradicts itself',
      (plan) => ({ ...plan, processes: [] }),
      'not-allowed',
      /none of the processes/,
    ],
    [
      'with an order beyond a huge page',
      (plan) => withProposal(plan, { targetOrder: 10 }),
      'not-allowed',
      /has the order 10/,
    ],
    [
      'around a page elsewhere',
      (plan) => withProposal(plan, { aroundPage: 512 }),
      'not-allowed',
      /around page 512/,
    ],
    [
      'with an actuator that is not allowed',
      (plan) => withStep(plan, (step) => ({ ...step, actuator: 'damos' })),
      'not-allowed',
      /wants the actuator damos/,
    ],
    [
      'of a process that began later',
      (plan) => {
        const process = { ...plan.processes[0], startTicks: 4999 };
        const steps = plan.steps.map((step) => ({ ...step, proposal: { ...step.proposal, process } }));
        return { ...plan, processes: [process], steps };
      },
      'stale',
      /another process than the one that was meant$/,
    ],
  ];
  for (const [what, change, code, why] of refusals) {
    test(`${what} is refused, and nothing is done`, async () => {
      const parts = acting();
      const told = await applied(parts, change);
      assert.deepEqual([codeOf(told), why.test(whyOf(told))], [code, true], whyOf(told));
      assert.deepEqual(
        parts.host.blocks.map(({ order }) => order),
        [9, 9, 9],
      );
      assert.equal(
        [...parts.host.texts.keys()].some((path) => path.includes('/runs/')),
        false,
      );
    });
  }

  test('of an action that the target does not allow is refused', async () => {
    const told = await applied(acting({ actions: ['collapse'] }));
    assert.match(whyOf(told), /is a split, which target db does not allow$/);
  });

  test('of a process that is gone is stale', async () => {
    const { host, performer } = acting();
    const plan = await planFor(host, { split: [0] });
    host.alive = false;
    assert.equal(codeOf(await performer.apply(plan, never)), 'stale');
  });
});

describe('what the configuration says', () => {
  test('holds for whoever is of no target', async () => {
    const host = new ScriptedHost([9]);
    const performer = new Performer({ host, readGrants: () => grantsOf(grant(), [7]) });
    assert.equal(codeOf(await performer.apply(await planFor(host, { split: [0] }), never)), 'not-a-target');
    assert.equal(codeOf(await performer.observe(SELF)), 'not-a-target');
    assert.equal(codeOf(await performer.lookBack([SELF])), 'not-a-target');
    assert.equal(host.blocks[0].order, 9);
  });

  test('keeps a target watched only, or closed at this hour', async () => {
    assert.deepEqual(codeOf(await applied(acting({ act: false }))), 'not-now');
    let asked = 0;
    const isOpen = (atMs: number) => {
      asked = atMs;
      return false;
    };
    const closed = acting({ isOpen });
    assert.equal(codeOf(await applied(closed)), 'not-now');
    assert.ok(asked > 1.6e12);
    assert.equal(codeOf(await closed.performer.observe(SELF)), 'done', 'looking is allowed');
  });

  test('is read again when asked for; a wrong one leaves the old in force', async () => {
    const host = new ScriptedHost([9]);
    let now: Grants | undefined = grantsOf(grant());
    const readGrants = () => {
      if (now === undefined) throw new OctavoError('FILE_UNREADABLE', { path: '/etc/x', errno: 'ENOENT' });
      return now;
    };
    const performer = new Performer({ host, readGrants });
    now = undefined;
    assert.equal(codeOf(await performer.reload()), 'failed');
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
    now = grantsOf(grant({ name: 'other', act: false }));
    const told = await performer.reload();
    assert.deepEqual(told.ok && told.value.targets, [{ name: 'other', act: false }]);
    assert.equal(codeOf(await performer.apply(await planFor(host, { split: [0] }), never)), 'not-now');
  });

  test('names what the acting side is', async () => {
    const { host, performer } = acting();
    host.texts.set('/proc/self/status', 'Name:\tx\nCapEff:\t0000000000080000\n');
    const told = await performer.about();
    assert.ok(told.ok);
    const { actuators, offers, costs, ...rest } = told.value;
    assert.deepEqual(costs.kinds, [], 'nothing was done here yet');
    assert.deepEqual(rest, {
      ...{ version: 1, pid: 1, userId: 0, capabilities: ['CAP_SYS_PTRACE'] },
      targets: [{ name: 'db', act: true }],
    });
    assert.deepEqual(
      actuators.map(({ name }) => name),
      ['madvise', 'debugfs-split', 'damos', 'collapse-then-split'],
    );
    assert.deepEqual([offers.occupancy, offers.smaps], [true, true]);
    assert.match(String(offers['damon-regions']), /^no .*CONFIG_DAMON_SYSFS/);
    assert.match(String(offers.pmu), /^no PMU of this machine/);
    assert.deepEqual(Object.keys(actuators[0]), ['name', 'abilities', 'clearsReferences', 'defeatedBy']);
    host.texts.delete('/proc/self/status');
    const bare = await performer.about();
    assert.deepEqual(bare.ok && bare.value.capabilities, []);
  });
});

describe('budgets over time', () => {
  const pass = (host: ScriptedHost, ms: number) => {
    host.nowNs += ms * 1e6;
  };

  test('count every block of a run, by blocks, bytes and the hour', async () => {
    const { budgets } = grant();
    assert.match(
      whyOf(await applied(acting({ budgets: { ...budgets, maxBlocks: 1 } }))),
      /^2 blocks, and a run may have 1$/,
    );
    assert.match(
      whyOf(await applied(acting({ budgets: { ...budgets, maxBytes: 4 * MIB - 1 } }))),
      /^4194304 bytes, and a run may have 4194303$/,
    );
    assert.equal(
      codeOf(await applied(acting({ budgets: { ...budgets, maxBlocks: 2, maxBytes: 4 * MIB } }))),
      'done',
    );
    const hourly = acting({ bytesPerHour: 5 * MIB, pauseMs: 0 });
    assert.equal(codeOf(await applied(hourly)), 'done');
    const { host, performer } = hourly;
    const more = await planFor(host, { split: [2] });
    assert.match(
      whyOf(await performer.apply(more, never)),
      /^2097152 bytes, and 1048576 are left of this hour$/,
    );
    pass(host, 3_600_000);
    assert.equal(codeOf(await performer.apply(more, never)), 'done');
    assert.equal(codeOf(await applied(acting({ bytesPerHour: 0 }))), 'done');
  });

  test('have a pause between runs, which says when to ask again', async () => {
    const { host, performer } = acting({ pauseMs: 60_000 });
    const first = await performer.apply(await planFor(host, { split: [0] }), never);
    assert.equal(codeOf(first), 'done');
    const second = await planFor(host, { split: [1] });
    const early = await performer.apply(second, never);
    assert.equal(codeOf(early), 'too-soon');
    assert.ok(!early.ok && (early.error.retryMs ?? 0) > 59_000 && (early.error.retryMs ?? 0) <= 60_000);
    pass(host, 60_001);
    assert.equal(codeOf(await performer.apply(second, never)), 'done');
  });

  test('outlive the process, a damaged file, and a clock that is set', async () => {
    const { host, performer } = acting({ bytesPerHour: 2 * MIB, pauseMs: 0 });
    assert.equal(codeOf(await performer.apply(await planFor(host, { split: [0] }), never)), 'done');
    const again = (grants = grantsOf(grant({ bytesPerHour: 2 * MIB, pauseMs: 0 }))) =>
      new Performer({ host, readGrants: () => grants });
    const more = await planFor(host, { split: [1] });
    assert.equal(codeOf(await again().apply(more, never)), 'over-budget', 'started anew');
    host.clock.wallMs = () => 1_600_000_000_000;
    const back = again();
    assert.equal(codeOf(await back.apply(more, never)), 'over-budget', 'set back by years');
    host.clock.wallMs = () => 1_600_000_000_000 + 3_600_000;
    assert.equal(codeOf(await back.apply(more, never)), 'over-budget', 'set on by an hour');
    host.nowNs += 3600e9;
    host.clock.wallMs = () => 1_600_000_000_000 + 7_200_000;
    assert.equal(codeOf(await back.apply(more, never)), 'done');
    host.texts.set('/state/allowance.json', '{"octavo":');
    assert.equal(codeOf(await again().apply(await planFor(host, { split: [2] }), never)), 'done');
  });

  test('charge what a failed run may have done, and nothing for one that another Octavo kept out', async () => {
    const { host, performer } = acting({ bytesPerHour: 4 * MIB, pauseMs: 0 });
    const plan = await planFor(host, { split: [0, 1] });
    host.texts.set('/state/lock', JSON.stringify({ pid: PID, startTicks: 5000, bootId: 'boot-1' }));
    const locked = await performer.apply(plan, never);
    assert.equal(codeOf(locked), 'busy');
    host.texts.delete('/state/lock');
    host.failAdvice = () => {
      throw new Error('a bug');
    };
    assert.match(whyOf(await performer.apply(plan, never)), /^a bug$/);
    host.failAdvice = () => undefined;
    assert.equal(codeOf(await performer.apply(plan, never)), 'over-budget');
  });
});

describe('looking', () => {
  test('tells page sizes without frames', async () => {
    const { performer } = acting();
    const told = await performer.observe(SELF);
    assert.ok(told.ok);
    assert.deepEqual([...told.value.blocks.firstFrame], [-1, -1, -1]);
    assert.equal(told.value.blocks.count, 3);
  });

  test('takes its share of the time of a process and no more', async () => {
    const { host, performer } = acting({ lookShare: 0.1 });
    const { scanPagemap } = host.calls;
    host.calls.scanPagemap = (...given) => {
      host.nowNs += 10e6;
      return scanPagemap(...given);
    };
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
    const early = await performer.observe(SELF);
    assert.equal(codeOf(early), 'too-soon');
    assert.ok(
      !early.ok && (early.error.retryMs ?? 0) > 80 && (early.error.retryMs ?? 0) < 100,
      JSON.stringify(early),
    );
    host.nowNs += 95e6;
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
  });

  test('back leaves out processes that are gone, and those looked at a moment ago', async () => {
    const { host, performer } = acting();
    const gone = await performer.lookBack([{ pid: 77, startTicks: 1 }]);
    assert.deepEqual(gone.ok && gone.value, {
      feuds: [],
      regrets: [],
      undone: [],
      cameBack: [],
      damaged: [],
    });
    const told = await performer.apply(await planFor(host, { split: [0] }), never);
    assert.equal(codeOf(told), 'done');
    host.blocks[0].order = 9;
    host.nowNs += 60e9;
    const back = await performer.lookBack([SELF]);
    assert.ok(back.ok);
    assert.deepEqual(
      back.value.undone.map(({ outcome, before, after }) => [outcome, before.firstFrame, after.firstFrame]),
      [['undone-since', null, null]],
    );
    assert.equal(back.value.feuds.length, 1);
  });
});

describe('what is offered', () => {
  const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds';

  test('is DAMON only where nobody else has it, and a PMU where there is one', () => {
    const host = new ScriptedHost([9]);
    host.write(KDAMONDS, '');
    assert.equal(lookOffers(host)['damon-regions'], true);
    for (const [file, text] of Object.entries({ state: 'on', pid: '42', 'contexts/nr_contexts': '1' }))
      host.write(`${KDAMONDS}/0/${file}`, text);
    assert.match(
      String(lookOffers(host)['damon-regions']),
      /^DAMON is used by another tool: kdamond 0 runs as 42$/,
    );
    host.write('/sys/bus/event_source/devices/ibs_op/type', '11');
    assert.equal(lookOffers(host).pmu, true);
  });
});

describe('samples', () => {
  const request = (more: Partial<SampleRequest> = {}): SampleRequest => ({
    look: 'smaps',
    processes: [SELF],
    windowMs: 1000,
    ...more,
  });

  test('are of looks that the target allows, of living processes', async () => {
    const { performer } = acting();
    const sampled = (more: Partial<SampleRequest>) => performer.sample(request(more), () => undefined, never);
    assert.match(
      whyOf(await sampled({ look: 'damon-regions' })),
      /^damon-regions is no look that the target allows$/,
    );
    assert.equal(codeOf(await sampled({ processes: [{ pid: PID, startTicks: 1 }] })), 'stale');
    const seen: unknown[] = [];
    const told = await performer.sample(request(), (reading) => seen.push(reading), never);
    assert.equal(codeOf(told), 'too-soon', 'the look before took its share');
    assert.deepEqual(seen, []);
  });

  test('of a process that was observed a moment ago need no second look, but its target', async () => {
    const host = new ScriptedHost([9]);
    let now = grantsOf(grant());
    const performer = new Performer({ host, readGrants: () => now });
    const sampled = () => performer.sample(request(), () => undefined, never);
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
    assert.equal(codeOf(await sampled()), 'done');
    assert.equal(codeOf(await sampled()), 'too-soon', 'it serves once');
    host.nowNs += 60e9;
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
    now = grantsOf(grant(), [7]);
    await performer.reload();
    assert.equal(codeOf(await sampled()), 'not-a-target');
  });

  test('give ranges of the process, and what they cost', async () => {
    const { host, performer } = acting();
    let ticks = 0;
    const { readText } = host.files;
    host.files.readText = (path) =>
      path === '/proc/1/stat'
        ? success(
            `1 (octavo) S ${Array(40)
              .fill('0')
              .map((_, at) => (at === 10 ? String(ticks++) : '0'))
              .join(' ')}`,
          )
        : readText(path);
    const seen: string[] = [];
    const told = await performer.sample(request(), (reading) => seen.push(reading.kind), never);
    assert.ok(told.ok, whyOf(told));
    assert.deepEqual(seen, ['range']);
    assert.equal(told.value.ownCpuNs, 20_000_000);
    host.nowNs += 100e6;
    const early = await performer.sample(request(), () => undefined, never);
    assert.deepEqual([codeOf(early), whyOf(early)], ['too-soon', 'sampling has had its share of a CPU']);
    host.nowNs += 1e9;
    assert.equal(codeOf(await performer.sample(request(), () => undefined, never)), 'done');
  });

  test('that take long keep neither looks nor acts waiting, and other samples alone', async () => {
    const host = new ScriptedHost([9, 9, 9]);
    const ends: (() => void)[] = [];
    const slow = new Promise<void>((resolve) => ends.push(resolve));
    const grants = grantsOf(grant());
    const source = {
      ...{ name: 'slow', account: () => ({ losses: {}, bytesRead: 0, notes: [] }), origins: () => [] },
      async *read() {
        await slow;
        yield { kind: 'range', range: { pid: PID, firstBlock: 0, blocks: 1 } };
      },
    } as unknown as Source;
    const performer = new Performer({ host, readGrants: () => grants, looks: () => source });
    const order: string[] = [];
    const first = performer.sample(request(), () => undefined, never).then(() => order.push('sample'));
    const second = performer.sample(request(), () => undefined, never).then(() => order.push('second'));
    await new Promise((resolve) => setImmediate(resolve));
    host.nowNs += 60e9;
    assert.equal(codeOf(await performer.observe(SELF)), 'done');
    const told = await performer.apply(await planFor(host, { split: [0, 1] }), never);
    assert.ok(told.ok, whyOf(told));
    assert.deepEqual([told.value.how, told.value.costs.runs.length], ['complete', 1]);
    assert.deepEqual(order, []);
    ends[0]();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['sample', 'second']);
  });

  test('that nobody here can take are told', async () => {
    const host = new ScriptedHost([9]);
    const grants = grantsOf(grant({ looks: ['pmu'] }));
    const performer = new Performer({ host, readGrants: () => grants });
    const told = await performer.sample(request({ look: 'pmu' }), () => undefined, never);
    assert.equal(codeOf(told), 'failed');
    assert.match(whyOf(told), /samples data addresses/);
  });
});
