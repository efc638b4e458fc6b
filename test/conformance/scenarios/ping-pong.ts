import { generationSince, type KeepRequest, prepareToStaySplit } from '../../../src/actuators/keep-split.js';
import { blockState, emptyBlock } from '../../../src/verification/block-rows.js';
import { observe } from '../../../src/verification/observe.js';
import { type BlockState, rowOfBlock } from '../../../src/vocabulary/page-sizes.js';
import type { BlockNumber, PageRange } from '../../../src/vocabulary/units.js';
import { drawBlocks, must } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { blocksOf } from '../steps.js';
import { withThp } from '../thp-stage.js';
import { split } from './debugfs-split.js';

const BLOCKS = 4;
const WATCH_MS = 6000;
const AGGRESSIVE = { enabled: 'always', scanSleep: '50', pagesToScan: '65536' } as const;

/** khugepaged undoes a split; clearing references stops it for idle memory, VM_NOHUGEPAGE for busy memory. */
export const pingPong: Scenario = {
  name: 'ping-pong',
  says: 'an aggressive khugepaged re-collapses a split within seconds; the guard actions make it last',
  short: false,
  run: (stage) => withThp(stage.host, AGGRESSIVE, () => fight(stage)),
  expected: () => ({
    'unguarded after 6 s': 'H×4',
    'unguarded generation': 'collapsed-again',
    'cooled after 6 s': 'H 0 H×2',
    'cooled generation': 'split',
    'cooled and read again after 6 s': 'H×4',
    'sticky, read all the time, after 6 s': 'H×2 0 H',
    'sticky outcome': 'done',
  }),
};

async function fight(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const [, first, second] = blocksOf(host, range, [0, 1, 2, 3]);
  const drawn = () => drawBlocks(host, workload.pid, range);

  const whole = stateOf(stage, workload, first);
  split(host, workload, blockRangeOf(stage, first), 0);
  await host.clock.sleep(WATCH_MS);
  const rows: Record<string, string> = {
    'unguarded after 6 s': drawn(),
    'unguarded generation': generationSince(whole, stateOf(stage, workload, first)),
  };

  const again = stateOf(stage, workload, first);
  await keep(stage, workload, { blocks: [first], allowSticky: false, shareDamon: false });
  split(host, workload, blockRangeOf(stage, first), 0);
  await host.clock.sleep(WATCH_MS);
  rows['cooled after 6 s'] = drawn();
  rows['cooled generation'] = generationSince(again, stateOf(stage, workload, first));
  await workload.checksum(blockRangeOf(stage, first));
  await host.clock.sleep(WATCH_MS);
  rows['cooled and read again after 6 s'] = drawn();

  const kept = await keep(stage, workload, { blocks: [second], allowSticky: true, shareDamon: false });
  rows['sticky outcome'] = kept.sticky;
  split(host, workload, blockRangeOf(stage, second), 0);
  await workload.keepReading([{ range: blockRangeOf(stage, second), every: 8 }]);
  await host.clock.sleep(WATCH_MS);
  rows['sticky, read all the time, after 6 s'] = drawn();
  await workload.end();
  return rows;
}

async function keep({ host }: Stage, workload: Workload, request: KeepRequest) {
  const target = must(host.calls.openProcess(workload.pid));
  const outcome = await prepareToStaySplit(request, { host, target });
  target.close();
  return outcome;
}

function stateOf({ host }: Stage, workload: Workload, block: BlockNumber): BlockState {
  const { blocks } = observe(host, workload.pid).sizes;
  const row = rowOfBlock(blocks, block);
  return row < 0 ? emptyBlock(block) : blockState(blocks, row);
}

function blockRangeOf({ host }: Stage, block: BlockNumber): PageRange {
  const pages = host.identity.geometry.pagesPerBlock;
  return { start: block * pages, end: (block + 1) * pages };
}
