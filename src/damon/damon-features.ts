/**
 * What this kernel's DAMON can do, asked of the kernel: its own type information (BTF) names every action and file
 * and can be read without touching anything. Where there is no BTF, an existing scheme directory shows the files.
 */
import { kernelNames } from '../formats/btf.js';
import type { Host } from '../host/host.js';
import { KDAMONDS, numberedChildren } from './kernel-files.js';

/** Abilities of this kernel's DAMON, and what they were read from. */
export interface DamonFeatures {
  /** Whether DAMON can be driven at all; otherwise what is missing. */
  readonly missing: string;
  readonly collapse: boolean;
  readonly split: boolean;
  readonly targetOrder: boolean;
  readonly coreFilters: boolean;
  readonly snapshotLimit: boolean;
  /** DAMON can tune its intervals by itself. */
  readonly intervalsGoal: boolean;
  /** Where the answer came from, for people. */
  readonly basis: 'btf' | 'scheme directory' | 'nothing';
}

const BTF = '/sys/kernel/btf/vmlinux';
const NAMES = {
  collapse: 'DAMOS_COLLAPSE',
  split: 'DAMOS_SPLIT',
  targetOrder: 'target_order',
  coreFilters: 'core_filters',
  snapshotLimit: 'max_nr_snapshots',
  intervalsGoal: 'intervals_goal',
} as const;

/** Returns the abilities. Reads only; what nothing tells counts as absent. */
export function readDamonFeatures(host: Host): DamonFeatures {
  const missing = missingDamon(host);
  if (missing) return { missing, ...NOTHING, basis: 'nothing' };
  return fromTypes(host) ?? fromDirectory(host) ?? { missing: '', ...NOTHING, basis: 'nothing' };
}

const NOTHING = {
  collapse: false,
  split: false,
  targetOrder: false,
  coreFilters: false,
  snapshotLimit: false,
  intervalsGoal: false,
} as const;

/** Why DAMON cannot be driven here, apart from other users of it; empty when it can. */
export function missingDamon(host: Host): string {
  const status = host.files.status(KDAMONDS);
  if (!status.ok && status.error.errno === 'ENOENT') return `no ${KDAMONDS} (CONFIG_DAMON_SYSFS)`;
  if (!status.ok) return `${KDAMONDS}: ${status.error.errno}`;
  const writable = host.files.canWrite(`${KDAMONDS}/nr_kdamonds`);
  return writable.ok ? '' : `${KDAMONDS}/nr_kdamonds: ${writable.error.errno} (needs root)`;
}

function fromTypes(host: Host): DamonFeatures | undefined {
  const types = host.files.readBytes(BTF);
  if (!types.ok) return undefined;
  const names = kernelNames(types.value);
  if (!names) return undefined;
  const has = (name: string) => names.has(name);
  return {
    missing: '',
    collapse: has(NAMES.collapse),
    split: has(NAMES.split),
    targetOrder: has(NAMES.targetOrder),
    coreFilters: has(NAMES.coreFilters),
    snapshotLimit: has(NAMES.snapshotLimit),
    intervalsGoal: has(NAMES.intervalsGoal),
    basis: 'btf',
  };
}

/** Files of any scheme that is there. It does not tell which actions the kernel knows; core filters came before collapse. */
function fromDirectory(host: Host): DamonFeatures | undefined {
  for (const slot of numberedChildren(host, KDAMONDS)) {
    const schemes = `${KDAMONDS}/${slot}/contexts/0/schemes`;
    const [first] = numberedChildren(host, schemes);
    if (first !== undefined) return fromScheme(host, `${schemes}/${first}`);
  }
  return undefined;
}

/** What a scheme directory shows of itself. */
export function fromScheme(host: Host, scheme: string): DamonFeatures {
  const present = (file: string) => host.files.status(`${scheme}/${file}`).ok;
  return {
    missing: '',
    collapse: false,
    split: false,
    targetOrder: present('target_order'),
    coreFilters: present('core_filters'),
    snapshotLimit: present('stats/max_nr_snapshots'),
    intervalsGoal: present('../../monitoring_attrs/intervals/intervals_goal'),
    basis: 'scheme directory',
  };
}

/**
 * Asks a scheme directory of one's own: the files it has, and the actions by writing their names. Nothing runs until
 * a kdamond is turned on, so this changes only the scratch directory.
 */
export function askScheme(host: Host, scheme: string): DamonFeatures {
  const takes = (action: string) => host.files.writeKernelFile(`${scheme}/action`, action).ok;
  return { ...fromScheme(host, scheme), collapse: takes('collapse'), split: takes('split') };
}
