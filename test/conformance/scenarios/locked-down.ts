import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import { debugfsSplitActuator, SPLIT_FILE } from '../../../src/actuators/debugfs-split.js';
import { drawBlocks, must } from '../measure.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf, stepsFor, upTo } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;

/** Secure Boot's lockdown closes debugfs, and leaves DAMON and pagemap. Needs `lockdown=integrity`. */
export const lockedDown: Scenario = {
  name: 'locked-down',
  says: 'under lockdown=integrity debugfs refuses, Octavo says why and plans nothing with it, and DAMOS collapses as ever',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => underLockdown(stage)),
  expected: () => ({
    'kernel says': 'integrity',
    'debugfs write': 'EPERM',
    'ability to split': 'missing: the kernel is locked down',
    'plan with debugfs-split says why not': true,
    'DAMOS collapse': '0×2 H×4 0×2',
    'content kept': true,
  }),
};

async function underLockdown(stage: Stage) {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const lockdown = must(host.files.readText('/sys/kernel/security/lockdown'));
  const written = host.files.writeKernelFile(SPLIT_FILE, `${workload.pid},0x0,0x200000,0`);
  const [{ missing }] = debugfsSplitActuator(host).abilities;
  const said = await planOfSparse(stage);
  const { hugeOrder } = host.identity.geometry;
  const wanted = { action: 'collapse', targetOrder: hugeOrder, actuator: 'damos' } as const;
  const steps = stepsFor(host, workload.pid, blocksOf(host, range, upTo(2, 6)), wanted);
  const target = must(host.calls.openProcess(workload.pid));
  await damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).apply(steps, { host, target });
  target.close();
  const rows = {
    'kernel says': /\[(\w+)\]/.exec(lockdown)?.[1] ?? lockdown,
    'debugfs write': written.ok ? 'done' : written.error.errno,
    'ability to split': /the kernel is locked down/.test(missing)
      ? 'missing: the kernel is locked down'
      : missing,
    'plan with debugfs-split says why not': /the kernel is locked down/.test(said),
    'DAMOS collapse': drawBlocks(host, workload.pid, range),
    'content kept': (await workload.checksum(range)) === content,
  };
  await workload.end();
  return rows;
}

/** What a plan says that would split a huge page of which one page is used. */
async function planOfSparse(stage: Stage): Promise<string> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const sparse = await workload.map(2, 'anon');
  await withThp(host, { enabled: 'always' }, () =>
    workload.touch(sparse, host.identity.geometry.pagesPerBlock),
  );
  const words = ['plan', String(workload.pid), '--policy', 'return-empty', '--actuator', 'debugfs-split'];
  const { code, out, err } = await stage.octavo(words);
  await workload.end();
  stage.note(`plan ended with ${code}: ${out}${err}`);
  return out + err;
}
