/** Frames number for number: of surveys, of an agent's status, and the order of their rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, exactly } from '../survey/amount.js';
import { frameOfAgent, frameOfSurvey, seenOf } from './feeds.js';
import { ordered, TOP_ORDERS, type TopTarget } from './frame.js';

type SurveyFacts = Parameters<typeof frameOfSurvey>[0];

const FIGURES = {
  ...{ resident: exactly(100), huge: exactly(60), cold: exactly(7) },
  ...{ emptyInHuge: exactly(20), unmappedHeld: exactly(5) },
};

function surveyFacts(hidden: number, pids: readonly number[] = [3, 4]): SurveyFacts {
  const row = { service: { kind: 'unit', name: 'db.service', labels: {} }, pids, figures: FIGURES };
  return {
    survey: { rows: [row], hidden, spent: { ms: 12.6 } },
    lookedBack: [
      { pid: 3, returnedBytes: 9, cameBackBytes: 4 },
      { pid: 4, returnedBytes: 10, cameBackBytes: 1 },
      { pid: 5, returnedBytes: 1000, cameBackBytes: 1000 },
    ],
    decisions: [{ atMs: 1, who: 'db', what: 'split' }],
    atMs: 5,
  } as unknown as SurveyFacts;
}

test('a frame of a survey, number for number', () => {
  assert.deepEqual(frameOfSurvey(surveyFacts(0)), {
    ...{ atMs: 5, from: 'own survey, 13 ms', notes: [] },
    decisions: [{ atMs: 1, who: 'db', what: 'split' }],
    targets: [
      {
        ...{ key: 'unit db.service', name: 'db.service', processes: 2, pids: [3, 4], state: 'unit' },
        ...{ resident: exactly(100), huge: exactly(60), bloat: exactly(25), cold: exactly(7) },
        ...{ heat: undefined, returned: exactly(19), cameBack: exactly(5) },
      },
    ],
  });
});

test('hidden processes are told from the first on; nothing looked back at is not 0', () => {
  assert.deepEqual(frameOfSurvey(surveyFacts(1)).notes, ['1 processes cannot be seen by this user']);
  const [none] = frameOfSurvey(surveyFacts(0, [77])).targets;
  assert.deepEqual([none.returned, none.cameBack], [undefined, undefined]);
  const [one] = frameOfSurvey(surveyFacts(0, [77, 3])).targets;
  assert.deepEqual([one.returned, one.cameBack], [exactly(9), exactly(4)]);
});

interface SpanFacts {
  readonly from: number;
  readonly until: number;
  readonly samples: number | null;
}

function seenIn(...spans: readonly SpanFacts[]) {
  const made = spans.map(({ from, until, samples }, at) => ({
    lived: { from, until },
    targets: [{ target: 'db', turns: at, values: { samples: samples === null ? null : { sum: samples } } }],
  }));
  return seenOf(made as unknown as Parameters<typeof seenOf>[0]).get('db');
}

test('heat: samples a second from the first span on, kept while a turn does not sample', () => {
  assert.equal(seenIn({ from: 1000, until: 3000, samples: 10 })?.heat, 5);
  assert.equal(seenIn({ from: 1000, until: 3000, samples: 10 }, { from: 3000, until: 5000, samples: 30 })?.heat, 10); // biome-ignore format: one line
  const unsampled = seenIn({ from: 0, until: 1000, samples: 8 }, { from: 1000, until: 2000, samples: null });
  assert.deepEqual([unsampled?.heat, unsampled?.last.turns], [8, 1]);
  assert.equal(seenIn({ from: 0, until: 1000, samples: null })?.heat, undefined);
  assert.equal(seenIn({ from: 5, until: 5, samples: 3 })?.heat, undefined);
  assert.equal(seenIn({ from: 5, until: 6, samples: 3 })?.heat, 3000);
  const late = seenIn({ from: 0, until: 1000, samples: null }, { from: 1000, until: 2000, samples: 8 });
  assert.equal(late?.heat, 4);
  assert.equal(seenIn(), undefined);
});

type AgentStatus = Parameters<typeof frameOfAgent>[0];

function agentTarget(over: Record<string, unknown>, seen: Parameters<typeof frameOfAgent>[1] = new Map()) {
  const target = { name: 'db', processes: 2, act: true, standing: 'clear', last: null, totals: {}, ...over };
  const status = { updatedMs: 7, holder: { pid: 12 }, troubles: [], targets: [target], events: [] };
  return frameOfAgent(status as unknown as AgentStatus, seen);
}

test('what an agent tells: the history before the last turn, nothing where neither knows', () => {
  const gauge = (last: number) => ({ range: { least: 0, largest: 999, last } });
  const values = {
    ...{ residentBytes: gauge(0), hugeBytes: gauge(50), emptyInHugeBytes: gauge(20) },
    ...{ unmappedHeldBytes: gauge(4), coldBytes: gauge(9) },
  };
  const seen = new Map([['db', { heat: 2, last: { values } }]]) as unknown as ReturnType<typeof seenOf>;
  const last = { resident: 3, huge: 1 };
  const told = agentTarget({ last, totals: { returnedBytes: 0, cameBackBytes: 6 } }, seen);
  assert.deepEqual([told.atMs, told.from], [7, 'agent, process 12']);
  assert.deepEqual(told.targets, [
    {
      ...{ key: 'agent db', name: 'db', processes: 2, pids: [], state: 'acting', heat: 2 },
      ...{ resident: exactly(0), huge: exactly(50), bloat: exactly(24), cold: exactly(9) },
      ...{ returned: exactly(0), cameBack: exactly(6) },
    },
  ]);
  const [unseen] = agentTarget({ last }).targets;
  assert.deepEqual([unseen.resident, unseen.huge], [exactly(3), exactly(1)]);
  const unknown = [unseen.bloat, unseen.cold, unseen.heat, unseen.returned, unseen.cameBack];
  assert.deepEqual(unknown, [undefined, undefined, undefined, undefined, undefined]);
  const [blank] = agentTarget({ last: { resident: null, huge: null } }).targets;
  assert.deepEqual([blank.resident, blank.huge], [undefined, undefined]);
});

test('the state of a target: the guard before what it is told to do', () => {
  const state = (act: boolean, standing: string) => agentTarget({ act, standing }).targets[0].state;
  assert.deepEqual([state(true, 'clear'), state(false, 'clear')], ['acting', 'observing']);
  assert.deepEqual([state(true, 'holding'), state(false, 'observe-only')], ['holding', 'observe-only']);
});

test('orders: by each number of its own, the name among equals, nothing known behind 0', () => {
  const none = { resident: undefined, huge: undefined, bloat: undefined, cold: undefined };
  const rest = { heat: undefined, returned: undefined, cameBack: undefined };
  const row = (name: string, over: Partial<TopTarget>): TopTarget => ({
    ...{ key: name, name, processes: 1, pids: [], state: '', ...none, ...rest },
    ...over,
  });
  const targets = [
    row('0', {}),
    row('c', { bloat: exactly(0), heat: 0, cameBack: atLeast(9), resident: exactly(5) }),
    row('b', { bloat: atLeast(2), heat: 0.5, cameBack: exactly(0), resident: exactly(5) }),
    row('a', { bloat: { expected: 1, low: 0, high: 8 }, heat: 0.25, resident: exactly(0) }),
  ];
  const before = [...targets];
  const names = TOP_ORDERS.map((by) => `${by} ${ordered(targets, by).map(({ name }) => name).join('')}`); // biome-ignore format: one line
  assert.deepEqual(names, ['bloat bac0', 'heat bac0', 'came-back cb0a', 'resident bca0', 'name 0abc']);
  assert.deepEqual(targets, before);
});
