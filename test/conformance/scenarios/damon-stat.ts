import { DAMOS_DEFAULTS, damosActuator } from '../../../src/actuators/damos.js';
import { dumpTree } from '../../../src/damon/kernel-files.js';
import { DamonSlot } from '../../../src/damon/slot.js';
import type { Host } from '../../../src/host/host.js';
import { must } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const STAT = '/sys/module/damon_stat/parameters/enabled';

/** DAMON_STAT runs by default on many kernels and keeps everybody else out. */
export const damonStat: Scenario = {
  name: 'damon-stat',
  says: 'DAMON_STAT, on from boot where its makers say so, is reported with what to do, and not touched',
  short: true,
  asBooted: true,
  run: meetStatistics,
  expected: (traits): Rows =>
    traits.damonStat
      ? {
          'in this kernel': true,
          'on from boot': traits.damonStatAtBoot,
          'owner named': 'damon_stat of the kernel, which runs DAMON exclusively',
          remedy: 'Turn it off for the time being: echo N > /sys/module/damon_stat/parameters/enabled',
          'ability missing names it': true,
          'a collapse falls to': 'madvise',
          'tree after the refusal': 'as found',
          'still on after the refusal': true,
          'after following the remedy': 'a slot',
        }
      : { 'in this kernel': false },
};

async function meetStatistics(stage: Stage): Promise<Rows> {
  const { host } = stage;
  const found = host.files.readText(STAT);
  if (!found.ok) return { 'in this kernel': false };
  const wasOn = found.value.trim() === 'Y';
  if (!wasOn) must(host.files.writeKernelFile(STAT, 'Y'));
  try {
    return { 'in this kernel': true, 'on from boot': wasOn, ...(await meetOwner(stage)) };
  } finally {
    host.files.writeKernelFile(STAT, wasOn ? 'Y' : 'N');
  }
}

async function meetOwner({ host, note }: Stage): Promise<Rows> {
  const before = await dumpTree(host);
  const refused = await DamonSlot.open(host, { share: true });
  if (refused.ok) await refused.value.close();
  const { owner, remedy } = refused.ok ? { owner: 'nobody', remedy: '' } : refused.error;
  const [ability] = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities;
  note(ability.missing);
  const after = await dumpTree(host);
  const rows = {
    'owner named': owner,
    remedy,
    'ability missing names it': ability.missing.includes(owner) && ability.missing.includes(remedy),
    'a collapse falls to': await collapserOf(host),
    'tree after the refusal': after.join('\n') === before.join('\n') ? 'as found' : 'changed',
    'still on after the refusal': must(host.files.readText(STAT)).trim() === 'Y',
  };
  return { ...rows, 'after following the remedy': await follow(host, remedy) };
}

/** Who gets a collapse to a huge page now. */
async function collapserOf(host: Host): Promise<string> {
  const { actuatorsOf } = await import('../../../src/config/assemble.js');
  const able = actuatorsOf(host).find(({ abilities }) =>
    abilities.some(({ action, missing }) => action === 'collapse' && missing === ''),
  );
  return able?.name ?? 'nobody';
}

/** Does literally what the remedy says. */
async function follow(host: Host, remedy: string): Promise<string> {
  const [, text, path] = /echo (\S+) > (\S+)$/.exec(remedy) ?? [];
  if (!path) return `no command in the remedy: ${remedy}`;
  must(host.files.writeKernelFile(path, text));
  const slot = await DamonSlot.open(host, { share: false });
  if (!slot.ok) return slot.error.owner;
  await slot.value.close();
  return 'a slot';
}
