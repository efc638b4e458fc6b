import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from '../../../src/sources/damon-regions.js';
import { observe } from '../../../src/verification/observe.js';
import { ForeignKdamond } from '../foreign-kdamond.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;
const HOT_BLOCKS = 3;
const SWITCH = '/sys/kernel/tracing/events/damon/damon_aggregated/enable';

/** Another tool's kdamond watches the process: its snapshots are heard through the trace event, nothing is touched. */
export const damonListen: Scenario = {
  name: 'damon-listen',
  says: 'the source hears another tool\u2019s kdamond by damon_aggregated and leaves tree and trace switch as found',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => listenIn(stage)),
  expected: ({ damonTrace }): Rows => ({
    heard: damonTrace,
    'blocks in use that were heard of': damonTrace ? HOT_BLOCKS : 0,
    tree: 'as found',
    'trace switch': damonTrace ? '0' : 'absent',
  }),
};

async function listenIn(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const { pagesPerBlock } = host.identity.geometry;
  const busy = { start: range.start, end: range.start + HOT_BLOCKS * pagesPerBlock };
  await workload.keepReading([{ range: busy, every: pagesPerBlock }]);
  const foreign = await ForeignKdamond.start(host, workload.pid, range);
  const source = new DamonRegionsSource(host.identity.geometry, {
    ...DAMON_REGIONS_DEFAULTS,
    windowMs: 3000,
  });
  const context = {
    host,
    processes: [observe(host, workload.pid).sizes],
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  const heard = new Set<number>();
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    for (let row = 0; row < reading.batch.count; row++) heard.add(reading.batch.virtualPage[row]);
  }
  const { notes, losses } = source.account();
  for (const note of notes) stage.note(note);
  const tree = await foreign.compare();
  foreign.stop();
  await workload.end();
  const inUse = Array.from({ length: HOT_BLOCKS }, (_, index) => busy.start + index * pagesPerBlock);
  const state = host.files.readText(SWITCH);
  return {
    heard: Object.keys(losses).length === 0,
    'blocks in use that were heard of': inUse.filter((page) => heard.has(page)).length,
    tree,
    'trace switch': state.ok ? state.value.trim() : 'absent',
  };
}
