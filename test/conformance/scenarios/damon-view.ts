import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../../src/sources/damon-regions.js';
import { observe } from '../../../src/verification/observe.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 48;
const HOT_BLOCKS = 16;

/** T2: with huge pages DAMON takes a block for wholly in use when one page of it is; with base pages it does not. */
export const damonView: Scenario = {
  name: 'damon-view',
  says: 'one page in use per 2 MiB: with THP DAMON sees 512 times too much, without it next to nothing (T2)',
  short: false,
  run: async (stage) => ({
    ...(await withThp(stage.host, { enabled: 'always', ...QUIET }, () => look(stage, 'THP'))),
    ...(await withThp(stage.host, { enabled: 'never', ...QUIET }, () => look(stage, 'base pages'))),
  }),
  expected: () => ({
    'blocks in use, truth': HOT_BLOCKS,
    'THP: all blocks in use were seen': true,
    'THP: blocks seen though idle': 0,
    'THP: seen bytes over true bytes': 512,
    'THP: T2 told': true,
    'base pages: samples that hit, at most 2 %': true,
    'base pages: T2 told': false,
  }),
};

async function look(stage: Stage, how: 'THP' | 'base pages'): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const perBlock = host.identity.geometry.pagesPerBlock;
  const busy = { start: range.start, end: range.start + HOT_BLOCKS * perBlock };
  await workload.keepReading([{ range: busy, every: perBlock }]);
  const sizes = observe(host, workload.pid).sizes;
  const source = new DamonRegionsSource(sizes.geometry, { ...DAMON_REGIONS_DEFAULTS, windowMs: 2000 });
  const context = {
    host,
    processes: [sizes],
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  const weights = new Map<number, number>();
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    for (let row = 0; row < reading.batch.count; row++) {
      weights.set(reading.batch.virtualPage[row] / perBlock, reading.batch.weight[row]);
    }
  }
  await workload.end();
  const { notes } = source.account();
  for (const text of notes) stage.note(`${how}: ${text}`);
  const first = range.start / perBlock;
  const inRange = [...weights.keys()].filter((block) => block >= first && block < first + BLOCKS);
  const hot = inRange.filter((block) => block < first + HOT_BLOCKS);
  const told = notes.some((text) => text.startsWith('T2'));
  if (how === 'base pages') {
    const hits = hot.reduce((sum, block) => sum + (weights.get(block) ?? 0), 0);
    const share = hits / (HOT_BLOCKS * samplesIn(notes));
    return { 'base pages: samples that hit, at most 2 %': share <= 0.02, 'base pages: T2 told': told };
  }
  return {
    'blocks in use, truth': HOT_BLOCKS,
    'THP: all blocks in use were seen': hot.length === HOT_BLOCKS,
    'THP: blocks seen though idle': inRange.length - hot.length,
    'THP: seen bytes over true bytes': (hot.length * perBlock) / HOT_BLOCKS,
    'THP: T2 told': told,
  };
}

function samplesIn(notes: readonly string[]): number {
  return Number(/(\d+) samples each/.exec(notes.join(' '))?.[1] ?? 1);
}
