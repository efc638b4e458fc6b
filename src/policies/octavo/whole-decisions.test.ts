/**
 * Whole decisions on drawn worlds, number for number: a change of the policy shows here as what it changes. Where it is meant,
 * `OCTAVO_ACCEPT=1 npm test -- whole-decisions` accepts it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, SETTINGS } from '../../../test/support/drawing.js';
import { assertGolden } from '../../../test/support/golden.js';
import { type Block, CPU, inputOf, NEVER, type World } from '../../../test/support/octavo-world.js';
import { SeededRandom } from '../../base/seeded-random.js';
import { NEW_LEDGER } from '../../belief/ledger.js';
import { type PolicyInput, type PolicyOutput, policyOf } from '../policy.js';
import { octavo, octavoInParts } from './octavo.js';
import { PARTS } from './parts.js';

/** Blocks of all kinds: huge and small, full and nearly empty, hot, cold and not seen at all. */
function drawn(count: number, seed: number): Block[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const used = at % 7 === 0 ? 512 : 1 + random.below(at % 3 === 0 ? 40 : 500);
    const samples = at % 5 === 0 ? random.below(3) : random.below(at % 2 === 0 ? 30 : 400);
    return at % 4 === 3 ? { used, samples, isSmall: true } : { used, samples };
  });
}

const khugepaged = { ...SETTINGS, enabled: 'always' as const };
const eager = { ...khugepaged, khugepaged: { ...khugepaged.khugepaged, scanSleepMs: 200 } };
const WORLDS: Readonly<Record<string, World>> = {
  small: { blocks: drawn(24, 1), each: 500 },
  hot: { blocks: drawn(40, 2), each: 30_000, facts: { busyCpus: 2.5 } },
  'eager khugepaged': { blocks: drawn(32, 3), each: 2000, facts: { settings: eager } },
  'no free block': { blocks: drawn(32, 4), each: 4000, facts: { freeHugeBytes: 0 } },
  'little known': {
    blocks: drawn(32, 5).map((one) => ({ ...one, samples: one.samples >> 4 })),
    each: 50_000,
  },
  'free memory unknown': {
    blocks: drawn(20, 6),
    each: 5000,
    facts: { translation: { ...CPU, entries: 64, hugeEntries: 16 }, settings: khugepaged },
  },
};
const GOALS = ['1%', '0.1%', 'balanced', 'bloat=40%', '6MiB'];

/** Five digits: what a last bit of a logarithm changes is no change. */
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
const told = (value: unknown) => JSON.stringify(value, rounded);

function lines({ proposals, passedOver, wishes = [], notes = [], walks }: PolicyOutput): string[] {
  return [
    ...proposals.map(({ block, action, targetOrder, priority, gain, cost, reason }) =>
      [block - FIRST_BLOCK, action, targetOrder, told(priority), told(gain), told(cost), reason].join(' '),
    ),
    ...passedOver.map(({ code, blocks, why, examples }) =>
      ['passed', code, blocks, told(examples.map((one) => one - FIRST_BLOCK)), why].join(' '),
    ),
    `wishes ${told(wishes.map(({ block, regretNs }) => [block - FIRST_BLOCK, regretNs]))}`,
    ...notes.map((note) => `note ${note}`),
    ...(walks === undefined ? [] : [`walks ${told(walks)}`]),
  ];
}

const sections = (titled: Iterable<readonly [string, PolicyOutput]>) =>
  [...titled].map(([title, output]) => [`# ${title}`, ...lines(output), ''].join('\n')).join('\n');

test('for every goal', () => {
  const outputs = Object.entries(WORLDS).flatMap(([name, world]) =>
    GOALS.map((goal) => [`${name}, ${goal}`, policyOf(octavo, { goal }).propose(inputOf(world))] as const),
  );
  assert.ok(outputs.some(([, { proposals }]) => proposals.some(({ action }) => action === 'collapse')));
  assertGolden('octavo/goals.txt', sections(outputs));
});

test('without each of the parts, and with short and long horizons', () => {
  const world = inputOf(WORLDS['eager khugepaged']);
  const without = Object.keys(PARTS)
    .filter((part) => part !== 'memory')
    .map((part) => [part, policyOf(octavoInParts, { [part]: false, goal: '0.5%' }).propose(world)] as const);
  const horizons = ['1s', '2m', '1d'].map(
    (horizon) => [horizon, policyOf(octavo, { horizon, goal: '0.5%' }).propose(world)] as const,
  );
  assertGolden('octavo/parts.txt', sections([...without, ...horizons]));
});

/** What earlier turns taught: much came back, walks were fewer than believed, much was undone. */
function taught(input: PolicyInput, share: number): PolicyInput {
  const belief = input.facts?.belief;
  assert.ok(belief);
  belief.returns = { returned: 4000, cameBack: 4000 * share, afterSeconds: 60 };
  belief.ledger = {
    ...NEW_LEDGER,
    steps: 40,
    predictedBytes: 1e8,
    observedBytes: 1e8 * (1 - share),
    predictedWalks: 3000,
    observedWalks: 3000 * share,
    undone: 30 * share,
  };
  return input;
}

test('by what earlier turns taught, and for processes that compete', () => {
  const alone = [0, 0.2, 0.9].map(
    (share) =>
      [
        `${share} came back`,
        policyOf(octavo, { goal: '0.5%' }).propose(taught(inputOf(WORLDS.small), share)),
      ] as const,
  );
  const pair = [
    inputOf({ ...WORLDS.small, facts: { settings: NEVER } }),
    taught(inputOf({ ...WORLDS.hot, pid: 200 }), 0.3),
  ];
  const together = policyOf(octavo, { goal: 'bloat=50%' }).proposeTogether?.(pair) ?? [];
  assert.equal(together.length, 2);
  assertGolden(
    'octavo/taught.txt',
    sections([...alone, ...together.map((one, at) => [`process ${at}`, one] as const)]),
  );
});
