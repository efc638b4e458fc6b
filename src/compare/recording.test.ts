import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { ScenarioSchema } from '../simulator/scenario/scenario.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { run } from './cell-job.js';
import { jobOf, plannedCells, scoredCells } from './matrix.js';
import { RecordedWorld, TURNS } from './recorded-world.js';

const PATH = 'heat.csv';
const scenario = ScenarioSchema.parse({
  ...{ octavo: 'scenario', version: 1, about: 'a recording', duration: '1s' },
  host: { cpu: 'sapphire-rapids', memory: '1GiB' },
  processes: [{ name: 'recorded', workload: 'replay', with: { file: PATH } }],
});

/** 64 blocks: of every other one 60 pages are in use, of the rest all. */
function heatText(): string {
  const random = new SeededRandom(5);
  const lines: string[] = [];
  for (let block = 0; block < 64; block++) {
    for (let page = 0; page < 512; page++)
      if (block % 2 === 1 || page < 60) lines.push(`${block * 512 + page},${10 + random.below(20)}`);
  }
  return lines.join('\n');
}
const TEXT = heatText();

async function cellsOf(...policies: string[]) {
  const files = { texts: { [PATH]: TEXT }, traces: {} };
  const workload = { name: 'w', scenario, files, pressures: [undefined], recording: PATH };
  const cells = plannedCells({ workloads: [workload], cpus: undefined, seeds: [1], policies });
  const answers = await Promise.all(cells.map((cell) => run(jobOf(cell))));
  return new Map(scoredCells(cells, answers).map((cell) => [cell.policy, cell]));
}

test('a recording is dealt into samples to learn from and samples to judge by, none of them twice', () => {
  const world = new RecordedWorld(TEXT, PATH, GEOMETRY_4K, 1);
  const total = TEXT.split('\n').reduce((sum, line) => sum + Number(line.split(',')[1]), 0);
  const judged = world.judged.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let turn = 0; turn < TURNS; turn++)
    for (const block of world.heatOf(turn).blocks()) seen += world.heatOf(turn).block(block)?.samples ?? 0;
  assert.equal(judged + seen, total);
  assert.ok(Math.abs(judged / total - 0.5) < 0.01);
  assert.deepEqual([world.blocks, world.usedIn(0), world.usedIn(1)], [64, 60, 512]);
  assert.equal(world.heatOf(0).block(0)?.filled, 60);
});

test('rules are judged between the rulers, and below the bound', async () => {
  const cells = await cellsOf('return-empty', 'random', 'pcc', 'khugepaged');
  const [never, always, own] = ['never', 'always', 'return-empty'].map((name) => cells.get(name));
  assert.deepEqual([never?.bloatRemoved, never?.speedKept], [1, 0]);
  assert.deepEqual([always?.bloatRemoved, always?.speedKept], [0, 1]);
  assert.equal(own?.bloatRemoved, 1, 'all bloat lies in blocks that are mostly empty');
  assert.ok((own?.speedKept ?? 0) > 0.5 && (own?.speedKept ?? 1) < 1, `${own?.speedKept}`);
  assert.ok((own?.product ?? 0) > (cells.get('random')?.product ?? 1));
  for (const { product, bound } of cells.values())
    if (product !== null) assert.ok((bound ?? 0) >= product - 1e-9);
  assert.match(cells.get('khugepaged')?.unable ?? '', /has no time/);
  assert.ok((cells.get('pcc')?.actions ?? 0) > 0);
});

test('a recording that is none is told with its place', async () => {
  const job = { scenario, contender: 'chain', seed: 1, recording: PATH };
  const answer = await run({ ...job, files: { texts: { [PATH]: 'x' }, traces: {} } });
  assert.ok(answer.kind === 'none' && /line 1/.test(answer.why));
});
