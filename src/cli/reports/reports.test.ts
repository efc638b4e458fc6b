/** Reports of runs, simulations and comparisons, from the commands that make them to the files that are written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { terminalOn } from '../../../test/support/terminal.js';
import type { Cell } from '../../compare/cells.js';
import { comparisonOf } from '../../compare/comparison.js';
import { figuresOf } from '../../reports/story/story.js';
import type { OctavoError } from '../../vocabulary/errors.js';
import { MIB } from '../../vocabulary/units.js';
import { documentProblem } from '../documents.js';
import { comparisonStory } from './comparison-story.js';
import { readDocument } from './document-schemas.js';
import { historyStory } from './history-story.js';

type Memory = InstanceType<typeof ScriptedHost>;

const text = (host: Memory, path: string): string => {
  const read = host.files.readText(path);
  assert.ok(read.ok, path);
  return read.value;
};

async function acted() {
  const host = new ScriptedHost([9, 9, 0]);
  const terminal = terminalOn(host);
  await terminal.run('run 100 --split 0x7d000000'.split(' '));
  const [run] = (host.files.list('/state/runs') as { value: readonly string[] }).value;
  return { host, terminal, run };
}

describe('of a run', () => {
  test('a page tells before, why, after, what came back, and cost', async () => {
    const { host, terminal, run } = await acted();
    assert.equal(
      await terminal.run(['report', run, '--html', '/run.html', '--md', '/run.md']),
      0,
      terminal.err(),
    );
    const page = text(host, '/run.html');
    for (const id of ['before', 'decisions', 'after', 'came-back', 'cost'])
      assert.match(page, new RegExp(`<section id="${id}"`));
    assert.match(page, /1 of 1/);
    assert.match(page, /id="figure-orders"/);
    assert.match(text(host, '/run.md'), /## What was decided, and why/);
    assert.match(terminal.out(), new RegExp(`Run ${run} on `));
  });

  test('its document is one of its kind, without drawings, and reads back the same from `runs --json`', async () => {
    const { host, terminal, run } = await acted();
    const document = async (words: readonly string[]) => {
      const before = terminal.out().length;
      assert.equal(await terminal.run([...words, '--json']), 0, terminal.err());
      return JSON.parse(terminal.out().slice(before));
    };
    const story = await document(['report', run]);
    assert.equal(documentProblem(story), '');
    assert.equal(JSON.stringify(story).includes('shapes'), false);
    const told = await document(['runs', run]);
    host.files.writeFile('/told.json', `  ${JSON.stringify(told)}`);
    const again = await document(['report', '/told.json']);
    assert.deepEqual(again.sections, story.sections);
  });

  test('figures go where they are asked to, and others are told', async () => {
    const { host, terminal, run } = await acted();
    assert.equal(await terminal.run(['report', run, '--svg', '/orders.svg', '--png', '/orders.png']), 0);
    assert.match(text(host, '/orders.svg'), /^<svg .*aria-labelledby="orders-title/);
    assert.equal(text(host, '/orders.png').slice(1, 4), 'PNG');
    assert.equal(await terminal.run(['report', run, '--figure', 'heat-map', '--svg', '/x.svg']), 2);
    assert.match(terminal.err(), /no figure `heat-map`: there are orders/);
    for (const wrong of [
      ['--figure', 'orders'],
      ['--html', '-', '--json'],
      ['--html', '-', '--md', '-'],
      ['--by', 'tlb'],
      ['--pid', '1'],
      ['--thp'],
    ])
      assert.equal(await terminal.run(['report', run, ...wrong]), 2, wrong.join(' '));
  });

  test('a page on standard output stands alone there', async () => {
    const { terminal, run } = await acted();
    const before = terminal.out().length;
    await terminal.run(['report', run, '--html', '-']);
    const out = terminal.out().slice(before);
    assert.ok(out.startsWith('<!doctype html>') && out.trimEnd().endsWith('</html>'));
    assert.match(terminal.err(), /Run 2/);
  });

  test('that is not there is told as `runs` tells it', async () => {
    const { terminal } = await acted();
    assert.notEqual(await terminal.run(['report', '20010101T000000000Z-0000']), 0);
    assert.match(terminal.err(), /RUN_NOT_FOUND/);
  });
});

/** Small: it is run several times. */
const SCENARIO = `octavo: scenario
version: 1
about: "a small one"
duration: 60ms
report: 10ms
host: { cpu: zen4, memory: 64MiB, thp: { enabled: always } }
processes:
  - { name: kv, workload: gups, with: { size: 8MiB }, think: 10us }
`;

function withScenario(): ScriptedHost {
  const host = new ScriptedHost([9]);
  host.files.writeFile('/small.yaml', SCENARIO);
  return host;
}

describe('of a simulation', () => {
  test('the page has the map of heat, and the document of --heat leads to the same', async () => {
    const host = withScenario();
    const terminal = terminalOn(host);
    assert.equal(await terminal.run(['simulate', '/small.yaml', '--html', '/sim.html']), 0, terminal.err());
    const page = text(host, '/sim.html');
    assert.match(page, /id="figure-heat-map"/);
    assert.match(page, /id="figure-course"/);
    const before = terminal.out().length;
    await terminal.run(['simulate', '/small.yaml', '--heat', '--json']);
    const outcome = JSON.parse(terminal.out().slice(before));
    const [heat] = outcome.heat;
    assert.ok(heat.slices.length > 2);
    const accesses = heat.slices.flatMap((slice: { accesses: number[] }) => slice.accesses);
    assert.ok(accesses.reduce((sum: number, one: number) => sum + one, 0) > 100);
    host.files.writeFile('/sim.json', JSON.stringify(outcome));
    assert.equal(await terminal.run(['report', '/sim.json', '--html', '/again.html']), 0, terminal.err());
    const map = (html: string) => /id="figure-heat-map"[\s\S]*?<\/figure>/.exec(html)?.[0];
    assert.equal(map(text(host, '/again.html')), map(page));
  });

  test('without its heat says how to keep it', async () => {
    const host = withScenario();
    const terminal = terminalOn(host);
    await terminal.run(['simulate', '/small.yaml', '--json']);
    assert.equal('heat' in JSON.parse(terminal.out()), false);
    host.files.writeFile('/sim.json', terminal.out());
    await terminal.run(['report', '/sim.json', '--md', '/sim.md']);
    assert.match(text(host, '/sim.md'), /Where accesses went was not kept\. Run it with/);
  });

  test('tells times in units that fit them', async () => {
    const host = withScenario();
    const terminal = terminalOn(host);
    await terminal.run(['simulate', '/small.yaml', '--json']);
    const outcome = JSON.parse(terminal.out());
    outcome.notes = ['7200.069 s Octavo on x: acted', 'of no time'];
    outcome.processes[0].nsPerAccess.think = 2e8;
    host.files.writeFile('/sim.json', JSON.stringify(outcome));
    await terminal.run(['report', '/sim.json', '--md', '/sim.md']);
    const told = text(host, '/sim.md');
    assert.match(told, /\| 2 h \| Octavo on x: acted \|/);
    assert.match(told, /\| of no time \|/);
    assert.match(told, /\| 200(\.0)? ms \|/);
  });

  test('a sweep has no one page', async () => {
    const terminal = terminalOn(withScenario());
    assert.equal(
      await terminal.run(['simulate', '/small.yaml', '--sweep', 'host.cpu=zen4', '--html', '/x.html']),
      2,
    );
  });
});

const cell = (policy: string, bloatRemoved: number | null, speedKept: number | null): Cell =>
  ({
    ...{ workload: 'w', cpu: 'c', pressure: 'none', policy, seed: 1, bloatRemoved, speedKept },
    ...{ product: bloatRemoved === null || speedKept === null ? null : bloatRemoved * speedKept },
    ...{
      shareOfBound: null,
      shareOfBestKnown: null,
      slowdown: 0.01,
      actedShare: 0.5,
      majorFaults: 0,
      unable: null,
    },
  }) as unknown as Cell;

describe('of a comparison', () => {
  test('the best policy is the chosen point, and all stand in the tables', () => {
    const story = comparisonStory(
      comparisonOf([cell('chain', 0.9, 0.9), cell('never', 1, 0), cell('always', 0, 1)], ['a note']),
      [],
    );
    assert.match(story.lead, /policy chain comes first: it removes 90\.0 % .* keeps 90\.0 %/);
    const [plane] = figuresOf(story);
    const bold = plane.drawing.shapes.filter(
      (shape) => shape.kind === 'text' && shape.bold === true && shape.size === 12,
    );
    assert.deepEqual(
      bold.map((shape) => (shape.kind === 'text' ? shape.text : '')),
      ['chain'],
    );
    assert.deepEqual(
      plane.numbers.rows
        .slice(0, 3)
        .map(([name]) => name)
        .sort(),
      ['always', 'chain', 'never'],
    );
  });

  test('where nothing is to gain has no plane, and says so', () => {
    const story = comparisonStory(comparisonOf([cell('chain', null, null)], []), []);
    assert.equal(figuresOf(story).length, 0);
    assert.match(story.lead, /nothing to gain/);
  });

  test('its document is read back', () => {
    const told = readDocument(JSON.stringify(comparisonOf([cell('chain', 0.9, 0.9)], [])), 'c.json');
    assert.equal(told.kind, 'comparison');
  });
});

const value = (sum: number, last?: number) => ({ known: 1, sum, ...(last === undefined ? {} : { last }) });

const span = (at: number, returned: number, more: object = {}) => ({
  ...{
    from: new Date(at * 60_000).toISOString(),
    until: new Date((at + 1) * 60_000).toISOString(),
    turns: 2,
  },
  targets: [
    {
      ...{ target: 'redis', policy: 'octavo', state: 'acting', turns: 2, notes: [] as string[] },
      values: {
        residentBytes: value(5 * MIB, (5 - at) * MIB),
        returnedBytes: value(returned),
        cameBackBytes: null,
        ...more,
      },
    },
  ],
});

describe('of the history', () => {
  const told = (spans: readonly object[]) => {
    const document = { octavo: 'history', version: 1, tier: '5m', damage: ['a file'], spans };
    const read = readDocument(JSON.stringify(document), 'h.json');
    assert.ok(read.kind === 'history');
    return historyStory(read.history, []);
  };

  test('sums add up, gauges are the last that is known, and what is not known stays so', () => {
    const story = told([span(0, MIB), span(1, 2 * MIB), span(2, 0, { residentBytes: null })]);
    assert.match(story.title, /^3 min of redis$|^180 s of redis$/);
    assert.match(
      story.lead,
      /6 turns .* 1 target\. The system got 3 MiB back; what came back is not known\./,
    );
    const tile = (label: string) => story.tiles.find((one) => one.label === label)?.value;
    assert.deepEqual(
      [tile('resident at the end'), tile('returned to the system'), tile('came back')],
      ['4 MiB', '3 MiB', 'not known'],
    );
    const [course] = figuresOf(story);
    const [head, ...rows] = [course.numbers.head, ...course.numbers.rows];
    const at = (name: string) => rows.map((row) => row[head.indexOf(name)]);
    assert.deepEqual(at('returned'), [`${MIB}`, `${2 * MIB}`, '0']);
    assert.deepEqual(at('resident'), [`${5 * MIB}`, `${4 * MIB}`, '']);
    assert.deepEqual(at('came back'), ['', '', '']);
    assert.deepEqual(story.facts.slice(1), [['passed over', 'a file']]);
  });

  test('without a turn says so', () => {
    const story = told([]);
    assert.equal(figuresOf(story).length, 0);
    assert.match(story.lead, /nothing of that time/);
  });

  test('with a time that is none is refused', () => {
    assert.throws(() => told([{ ...span(0, 1), from: 'noon' }]), { code: 'FILE_MALFORMED' });
  });
});

test('what is no document of a report is refused with its place', () => {
  const refused = (content: unknown, place: RegExp) =>
    assert.throws(
      () => readDocument(typeof content === 'string' ? content : JSON.stringify(content), 'x.json'),
      (problem: OctavoError) => problem.code === 'FILE_MALFORMED' && place.test(problem.message),
      String(place),
    );
  refused('{"octavo": ', /ends too early at line 1/);
  refused({ octavo: 'poem' }, /document `poem`; reports are of/);
  refused([], /no document of Octavo/);
  refused({ octavo: 'outcome', version: 1 }, /lacks this .* at scenario/);
  refused({ octavo: 'comparison', version: 1, notes: [5] }, /at notes\.0/);
  refused({ octavo: 'journal', version: 1, run: 'r', state: 's' }, /at plan/);
});
