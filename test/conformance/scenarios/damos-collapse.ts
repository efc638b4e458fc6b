import { DAMOS_DEFAULTS, type DamosActuator, damosActuator } from '../../../src/actuators/damos.js';
import type { PageRange, ProcessId } from '../../../src/vocabulary/units.js';
import { drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';
import { blocksOf, stepsFor, upTo } from '../steps.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 128;
const SETS: readonly { readonly what: string; readonly places: readonly number[] }[] = [
  { what: 'sixteen neighbours', places: upTo(32, 48) },
  { what: 'one alone', places: [2] },
  { what: 'two neighbours', places: [4, 5] },
  { what: 'scattered', places: [60, 62, 63, 127] },
  { what: 'sixteen again', places: upTo(32, 48) },
];

/** Exactly the planned blocks become huge, however many there are and however they lie. */
export const damosCollapse: Scenario = {
  name: 'damos-collapse',
  says: 'DAMOS collapse acts on exactly the planned blocks of 256 MiB under THP=never, for 1, 2, 4 and 16 of them',
  short: true,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => collapseSets(stage)),
  expected: ({ collapseAction, splitAction }): Rows =>
    collapseAction
      ? {
          'ability missing': '',
          'before drawn': '0×128',
          'sixteen neighbours drawn': '0×32 H×16 0×80',
          'sixteen neighbours AnonHugePages': 32768,
          'sixteen neighbours tried, applied bytes': '33554432 33554432',
          'one alone drawn': '0×2 H 0×29 H×16 0×80',
          'one alone AnonHugePages': 2048,
          'one alone tried, applied bytes': '2097152 2097152',
          'two neighbours drawn': '0×2 H 0 H×2 0×26 H×16 0×80',
          'two neighbours AnonHugePages': 4096,
          'two neighbours tried, applied bytes': '4194304 4194304',
          'scattered drawn': '0×2 H 0 H×2 0×26 H×16 0×12 H 0 H×2 0×63 H',
          'scattered AnonHugePages': 8192,
          'scattered tried, applied bytes': '8388608 8388608',
          'sixteen again drawn': '0×2 H 0 H×2 0×26 H×16 0×12 H 0 H×2 0×63 H',
          'sixteen again AnonHugePages': 0,
          // What is huge already counts as applied: the statistics prove nothing. With a target order only what was built does.
          'sixteen again tried, applied bytes': splitAction ? '33554432 0' : '33554432 33554432',
          'content kept': true,
          'DAMON left as found': true,
        }
      : { 'ability missing': 'this kernel’s DAMOS has no action collapse (since 7.2)' },
};

async function collapseSets(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  const missing = actuator.abilities.find(({ action }) => action === 'collapse')?.missing ?? '?';
  if (missing) return { 'ability missing': missing };
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const content = await workload.checksum(range);
  const rows: Record<string, string | number | boolean> = {
    'ability missing': missing,
    'before drawn': drawBlocks(host, workload.pid, range),
  };
  for (const { what, places } of SETS) {
    Object.assign(rows, await collapseSet(stage, actuator, workload.pid, range, what, places));
  }
  rows['content kept'] = (await workload.checksum(range)) === content;
  const left = host.files.readText('/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds');
  rows['DAMON left as found'] = must(left).trim() === '0';
  await workload.end();
  return rows;
}

async function collapseSet(
  stage: Stage,
  actuator: DamosActuator,
  pid: ProcessId,
  range: PageRange,
  what: string,
  places: readonly number[],
): Promise<Rows> {
  const { host } = stage;
  const target = must(host.calls.openProcess(pid));
  const before = smapsKib(host, pid, range, 'AnonHugePages');
  const wanted = {
    action: 'collapse',
    targetOrder: host.identity.geometry.hugeOrder,
    actuator: 'damos',
  } as const;
  const steps = stepsFor(host, pid, blocksOf(host, range, places), wanted);
  const [receipt] = await actuator.apply(steps, { host, target });
  target.close();
  stage.note(
    `${what}: ${receipt.answer}; ${receipt.calls.length} writes, ${Math.round((receipt.durationUs * steps.length) / 1000)} ms`,
  );
  return {
    [`${what} drawn`]: drawBlocks(host, pid, range),
    [`${what} AnonHugePages`]: smapsKib(host, pid, range, 'AnonHugePages') - before,
    [`${what} tried, applied bytes`]: bytesIn(receipt.answer),
  };
}

function bytesIn(answer: string): string {
  const [, tried, applied] = /tried .*\((\d+) bytes\), applied to \d+ \((\d+) bytes\)/.exec(answer) ?? [];
  return tried === undefined ? answer : `${tried} ${applied}`;
}
