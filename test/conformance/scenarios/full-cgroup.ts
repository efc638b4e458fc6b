import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import { madviseActuator } from '../../../src/actuators/madvise.js';
import type { Host } from '../../../src/host/host.js';
import { MIB } from '../../../src/vocabulary/units.js';
import { drawBlocks, must } from '../measure.js';
import type { Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { blocksOf, stepsFor, upTo } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const ROOT = '/sys/fs/cgroup';
const NAME = 'limited';
const GROUP = `${ROOT}/${NAME}`;
const BLOCKS = 8;
const PLACES = upTo(2, 6);
/** The process itself needs a page now and then; a huge one must not fit. */
const HEADROOM = MIB;

/** A target whose memory cgroup is full: collapses fail, and kill nobody. Needs cgroup v2 at /sys/fs/cgroup. */
export const fullCgroup: Scenario = {
  name: 'full-cgroup',
  says: 'in a full memory cgroup of v2 both ways to collapse fail without a kill, a split works, and with room they work; found by cgroup:/path',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => atTheLimit(stage)),
  expected: () => ({
    'found by cgroup path': true,
    'full: DAMOS collapse': '0×8',
    'full: MADV_COLLAPSE': '0×8',
    // Not ENOMEM: that is for a host without memory (madvise_collapse_errno() in mm/khugepaged.c).
    'full: MADV_COLLAPSE says': 'EBUSY',
    'full: oom_kill': 0,
    'with room: DAMOS collapse': '0×2 H×4 0×2',
    'full again: split of one': '0×2 H 0 H×2 0×2',
    'oom_kill at last': 0,
    'content kept': true,
  }),
};

async function atTheLimit(stage: Stage) {
  const { host } = stage;
  const workload = await stage.startWorkload();
  enterGroup(host, workload);
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const drawn = () => drawBlocks(host, workload.pid, range);
  const target = must(host.calls.openProcess(workload.pid));
  const { hugeOrder } = host.identity.geometry;
  const collapse = async (actuator: 'damos' | 'madvise') => {
    const made =
      actuator === 'damos' ? damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }) : madviseActuator(host);
    const wanted = { action: 'collapse', targetOrder: hugeOrder, actuator } as const;
    const steps = stepsFor(host, workload.pid, blocksOf(host, range, PLACES), wanted);
    const receipts = await made.apply(steps, { host, target });
    return receipts[0].answer;
  };
  const inspected = await stage.octavo(['inspect', `cgroup:/${NAME}`, '--json']);
  fill(host);
  stage.note(`DAMOS: ${await collapse('damos')}`);
  const byDamos = drawn();
  const said = await collapse('madvise');
  stage.note(`madvise: ${said}`);
  const byMadvise = drawn();
  const killed = kills(host);
  write(host, 'memory.max', 'max');
  await collapse('damos');
  const withRoom = drawn();
  fill(host);
  splitOne(host, workload, range.start + 3 * host.identity.geometry.pagesPerBlock);
  const rows = {
    'found by cgroup path': inspected.code === 0 && inspected.out.includes(`"pid": ${workload.pid}`),
    'full: DAMOS collapse': byDamos,
    'full: MADV_COLLAPSE': byMadvise,
    'full: MADV_COLLAPSE says': /E[A-Z]+/.exec(said)?.[0] ?? said,
    'full: oom_kill': killed,
    'with room: DAMOS collapse': withRoom,
    'full again: split of one': drawn(),
    'oom_kill at last': kills(host),
    'content kept': (await workload.checksum(range)) === content,
  };
  target.close();
  await workload.end();
  return rows;
}

function enterGroup(host: Host, { pid }: Workload): void {
  must(host.files.writeKernelFile(`${ROOT}/cgroup.subtree_control`, '+memory'));
  must(host.files.makeDirectory(GROUP));
  write(host, 'cgroup.procs', String(pid));
}

function fill(host: Host): void {
  const current = Number(must(host.files.readText(`${GROUP}/memory.current`)));
  write(host, 'memory.max', String(current + HEADROOM));
}

function splitOne(host: Host, { pid }: Workload, page: number): void {
  const { pageBytes, blockBytes } = host.identity.geometry;
  const start = page * pageBytes;
  const order = `${pid},0x${start.toString(16)},0x${(start + blockBytes).toString(16)},0`;
  must(host.files.writeKernelFile('/sys/kernel/debug/split_huge_pages', order));
}

const write = (host: Host, file: string, text: string) =>
  must(host.files.writeKernelFile(`${GROUP}/${file}`, text));

function kills(host: Host): number {
  return Number(/^oom_kill (\d+)$/m.exec(must(host.files.readText(`${GROUP}/memory.events`)))?.[1] ?? -1);
}
