import { DAMOS_DEFAULTS, type DamosActuator, damosActuator } from '../../../src/actuators/damos.js';
import type { Order, PageRange, ProcessId } from '../../../src/vocabulary/units.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { blocksOf, stepsFor, upTo } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 128;

interface Act {
  readonly what: string;
  readonly action: 'split' | 'collapse';
  readonly order: Order;
  readonly places: readonly number[];
}

/** One block at each order, then 33 of them to 16 KiB, and all of that back to huge pages, one part by way of 64 KiB. */
const ACTS: readonly Act[] = [
  { what: 'order 0', action: 'split', order: 0, places: [2] },
  { what: 'order 2', action: 'split', order: 2, places: [4] },
  { what: 'order 4', action: 'split', order: 4, places: [6] },
  { what: '33 to 16 KiB', action: 'split', order: 2, places: upTo(64, 97) },
  { what: 'order 0 to 64 KiB', action: 'collapse', order: 4, places: [2] },
  { what: '33 back', action: 'collapse', order: 9, places: upTo(64, 97) },
  { what: 'the rest back', action: 'collapse', order: 9, places: [2, 4, 6] },
];

/** Target orders of DAMOS actions: exactly the planned blocks, there and back. */
export const damosSplit: Scenario = {
  name: 'damos-split',
  says: 'DAMOS split to orders 0, 2 and 4 and collapse to orders 4 and 9 act on exactly the planned of 128 THPs',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'always', ...QUIET }, () => splitAndBack(stage)),
  expected: ({ splitAction }): Rows =>
    splitAction
      ? {
          'ability missing': '',
          'before drawn': 'H×128',
          'order 0 drawn': 'H×2 0 H×125',
          'order 0 AnonHugePages': -2048,
          'order 0 nr_anon': 0,
          'order 0 applied bytes': 2097152,
          'order 2 drawn': 'H×2 0 H 2 H×123',
          'order 2 AnonHugePages': -2048,
          'order 2 nr_anon': 128,
          'order 2 applied bytes': 2097152,
          'order 4 drawn': 'H×2 0 H 2 H 4 H×121',
          'order 4 AnonHugePages': -2048,
          'order 4 nr_anon': 32,
          'order 4 applied bytes': 2097152,
          '33 to 16 KiB drawn': 'H×2 0 H 2 H 4 H×57 2×33 H×31',
          '33 to 16 KiB AnonHugePages': -67584,
          '33 to 16 KiB nr_anon': 4224,
          '33 to 16 KiB applied bytes': 69206016,
          'order 0 to 64 KiB drawn': 'H×2 4 H 2 H 4 H×57 2×33 H×31',
          'order 0 to 64 KiB AnonHugePages': 0,
          'order 0 to 64 KiB nr_anon': 32,
          'order 0 to 64 KiB applied bytes': 2097152,
          '33 back drawn': 'H×2 4 H 2 H 4 H×121',
          '33 back AnonHugePages': 67584,
          '33 back nr_anon': 33,
          '33 back applied bytes': 69206016,
          'the rest back drawn': 'H×128',
          'the rest back AnonHugePages': 6144,
          'the rest back nr_anon': 3,
          'the rest back applied bytes': 6291456,
          'content kept': true,
        }
      : {
          'ability missing':
            'this kernel’s DAMOS has no action split with a target_order (no release has; see kernel/)',
        },
};

async function splitAndBack(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  const missing = actuator.abilities.find(({ action }) => action === 'split')?.missing ?? '?';
  if (missing) return { 'ability missing': missing };
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const rows: Record<string, string | number | boolean> = {
    'ability missing': missing,
    'before drawn': drawBlocks(host, workload.pid, range),
  };
  for (const act of ACTS) Object.assign(rows, await perform(stage, actuator, workload, range, act));
  rows['content kept'] = (await workload.checksum(range)) === content;
  await workload.end();
  return rows;
}

async function perform(
  stage: Stage,
  actuator: DamosActuator,
  { pid }: Workload,
  range: PageRange,
  { what, action, order, places }: Act,
): Promise<Rows> {
  const { host } = stage;
  const huge = smapsKib(host, pid, range, 'AnonHugePages');
  const folios = foliosOf(stage, order);
  const answer = await apply(stage, actuator, pid, range, { what, action, order, places });
  return {
    [`${what} drawn`]: drawBlocks(host, pid, range),
    [`${what} AnonHugePages`]: smapsKib(host, pid, range, 'AnonHugePages') - huge,
    [`${what} nr_anon`]: foliosOf(stage, order) - folios,
    [`${what} applied bytes`]: Number(/applied to \d+ \((\d+) bytes\)/.exec(answer)?.[1] ?? -1),
  };
}

async function apply(
  { host, note }: Stage,
  actuator: DamosActuator,
  pid: ProcessId,
  range: PageRange,
  { what, action, order, places }: Act,
): Promise<string> {
  const target = must(host.calls.openProcess(pid));
  const wanted = { action, targetOrder: order, actuator: 'damos' } as const;
  const [receipt] = await actuator.apply(stepsFor(host, pid, blocksOf(host, range, places), wanted), {
    host,
    target,
  });
  target.close();
  note(`${what}: ${receipt.answer}`);
  return receipt.answer;
}

/** Anonymous folios of an order in the whole guest; single pages are not counted by the kernel. */
function foliosOf({ host }: Stage, order: Order): number {
  if (order === 0) return 0;
  const kib = 2 ** (host.identity.geometry.pageShift + order - 10);
  const path = `/sys/kernel/mm/transparent_hugepage/hugepages-${kib}kB/stats/nr_anon`;
  return Number(must(host.files.readText(path)));
}
