import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import { debugfsSplitActuator } from '../../../src/actuators/debugfs-split.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Backing, Stage } from '../stage.js';
import { blocksOf, stepsFor, type WantedAction } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 8;
const PLACE = 1;
const BACKINGS: readonly Backing[] = ['memfd', 'shmem'];

/** The two ways in which QEMU gives a virtual machine its memory, beside anonymous memory. */
export const guestMemory: Scenario = {
  name: 'guest-memory',
  says: 'memory as a virtual machine has it, a memfd under shmem_enabled=always and a tmpfs file with huge=always: split, touched, collapsed',
  short: false,
  run: (stage) =>
    withThp(stage.host, { enabled: 'always', shmem: 'always', ...QUIET }, async () => {
      const rows: Rows[] = [];
      for (const backing of BACKINGS) rows.push(await splitAndRestore(stage, backing));
      return Object.assign({}, ...rows) as Rows;
    }),
  expected: ({ collapseAction }) =>
    Object.assign({}, ...BACKINGS.map((name) => rowsOf(name, collapseAction))),
};

const rowsOf = (backing: Backing, collapseAction: boolean): Rows => ({
  [`${backing} before`]: 'H×8',
  [`${backing} ShmemPmdMapped`]: 16384,
  [`${backing} split`]: 'H . H×6',
  [`${backing} touched`]: 'H 0 H×6',
  [`${backing} collapsed`]: collapseAction ? 'H×8' : 'H 0 H×6',
  [`${backing} content kept`]: true,
});

async function splitAndRestore(stage: Stage, backing: Backing): Promise<Rows> {
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, backing);
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const drawn = () => drawBlocks(host, workload.pid, range);
  const before = drawn();
  const mapped = smapsKib(host, workload.pid, range, 'ShmemPmdMapped');
  const target = must(host.calls.openProcess(workload.pid));
  const act = async (actuator: ReturnType<typeof debugfsSplitActuator>, wanted: WantedAction) => {
    const steps = stepsFor(host, workload.pid, blocksOf(host, range, [PLACE]), wanted);
    const [receipt] = await actuator.apply(steps, { host, target });
    stage.note(`${backing}: ${receipt.answer}`);
  };
  await act(debugfsSplitActuator(host), { action: 'split', targetOrder: 0, actuator: 'debugfs-split' });
  const split = drawn();
  await workload.checksum(range);
  const touched = drawn();
  const damos = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  const { hugeOrder } = host.identity.geometry;
  if (!damos.abilities[0].missing)
    await act(damos, { action: 'collapse', targetOrder: hugeOrder, actuator: 'damos' });
  target.close();
  const rows = {
    [`${backing} before`]: before,
    [`${backing} ShmemPmdMapped`]: mapped,
    [`${backing} split`]: split,
    [`${backing} touched`]: touched,
    [`${backing} collapsed`]: drawn(),
    [`${backing} content kept`]: (await workload.checksum(range)) === content,
  };
  await workload.end();
  return rows;
}
