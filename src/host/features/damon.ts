/**
 * DAMON without writing. Which address spaces and actions exist is listed only by a context that has been set up
 * (avail_operations, files beside `action`); before that the kernel's own type information and configuration tell.
 */
import type { KernelNames } from '../../formats/btf.js';
import type { DamonFeatures, DamonModule, KdamondState, Probed } from '../../vocabulary/abilities.js';
import type { Files } from '../host.js';
import type { KernelConfiguration } from './kernel-names.js';
import { exists, namesIn, no, numberOf, partly, switchOf, textOf, told, unknown, yes } from './probed.js';

/** Directory of the kdamonds that user space sets up. */
export const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds';
const MODULES = ['damon_stat', 'damon_reclaim', 'damon_lru_sort'] as const;
const NEEDS_DAMON = 'a kernel with CONFIG_DAMON_SYSFS';
const SET_UP = 'root to set up one kdamond, which shows it';

/** Returns what DAMON can do here. Never writes, so some abilities are `unknown`. */
export function probeDamon(
  files: Files,
  names: KernelNames | undefined,
  configuration: KernelConfiguration | undefined,
): DamonFeatures {
  const sysfs = sysfsProbe(files);
  const context = contextFolder(files);
  const kdamonds = kdamondStates(files);
  const modules = MODULES.flatMap((name) => damonModule(files, name));
  const operations = operationsOf(files, context);
  const actions = names ? actionNames(names) : null;
  const absent = sysfs.answer === 'no' ? sysfs : undefined;
  const builtIn = { vaddr: vaddrBuiltIn(names), paddr: paddrBuiltIn(modules) };
  return {
    sysfs,
    kdamonds,
    modules,
    free: absent ?? freedom(kdamonds, modules),
    operations,
    vaddr: absent ?? addressSpace('vaddr', operations, builtIn, configuration),
    paddr: absent ?? addressSpace('paddr', operations, builtIn, configuration),
    actions,
    collapse: absent ?? action('collapse', actions),
    split: absent ?? action('split', actions),
    targetOrder: absent ?? targetOrder(files, context, names),
    files: context ? optionalFiles(files, context) : null,
  };
}

function sysfsProbe(files: Files): Probed {
  const listed = files.list(KDAMONDS);
  if (listed.ok) {
    const count = files.readText(`${KDAMONDS}/nr_kdamonds`);
    if (count.ok) return yes(`${KDAMONDS}, nr_kdamonds ${count.value.trim()}`);
    return partly(told(count.error), 'root');
  }
  if (listed.error.errno === 'ENOENT') return no(`${KDAMONDS} is absent`, NEEDS_DAMON);
  return no(told(listed.error), 'root');
}

function contextFolder(files: Files): string | undefined {
  for (const kdamond of numbered(files, KDAMONDS)) {
    const folder = `${KDAMONDS}/${kdamond}/contexts/0`;
    if (exists(files, `${folder}/avail_operations`)) return folder;
  }
  return undefined;
}

function kdamondStates(files: Files): readonly KdamondState[] | null {
  if (!files.readText(`${KDAMONDS}/nr_kdamonds`).ok) return null;
  return numbered(files, KDAMONDS).map((index) => kdamondState(files, index));
}

function kdamondState(files: Files, index: number): KdamondState {
  const folder = `${KDAMONDS}/${index}`;
  const state = textOf(files, `${folder}/state`);
  const context = `${folder}/contexts/0`;
  const schemes = numbered(files, `${context}/schemes`);
  return {
    index,
    state: state === 'on' || state === 'off' ? state : null,
    pid: numberOf(files, `${folder}/pid`),
    operations: textOf(files, `${context}/operations`),
    targets: numbered(files, `${context}/targets`).length,
    actions: schemes.map((scheme) => textOf(files, `${context}/schemes/${scheme}/action`) ?? '?'),
  };
}

function numbered(files: Files, folder: string): readonly number[] {
  return namesIn(files, folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((left, right) => left - right);
}

function damonModule(files: Files, name: DamonModule['name']): DamonModule[] {
  const folder = `/sys/module/${name}/parameters`;
  if (!exists(files, folder)) return [];
  return [
    { name, enabled: switchOf(files, `${folder}/enabled`), pid: numberOf(files, `${folder}/kdamond_pid`) },
  ];
}

/** All modules and the sysfs interface exclude each other (mm/damon/core.c damon_start()). */
function freedom(kdamonds: readonly KdamondState[] | null, modules: readonly DamonModule[]): Probed {
  const busy = modules.filter((module) => module.enabled === true);
  if (busy.length > 0) {
    const names = busy.map((module) => module.name).join(', ');
    const files = busy.map((module) => `/sys/module/${module.name}/parameters/enabled`).join(' and ');
    return no(`${names} runs, so any other start is answered EBUSY`, `N in ${files}, or another source`);
  }
  if (kdamonds === null) return unknown('kdamonds cannot be read', 'root');
  const running = kdamonds.filter((kdamond) => kdamond.state === 'on');
  if (running.length > 0) {
    const list = running.map((kdamond) => `kdamond ${kdamond.index} (thread ${kdamond.pid})`).join(', ');
    return no(`${list} runs for another user, so a start is answered EBUSY`, 'its owner to stop it');
  }
  if (kdamonds.some((kdamond) => kdamond.state === null)) {
    return unknown('another tool holds the lock of DAMON’s files', 'trying again');
  }
  if (kdamonds.length > 0) {
    return partly(`${kdamonds.length} kdamonds are set up, none runs`, 'their owner to remove them');
  }
  return yes('not in use');
}

function operationsOf(files: Files, context: string | undefined): readonly string[] | null {
  const text = context ? textOf(files, `${context}/avail_operations`) : null;
  return text === null ? null : text.split(/\s+/).filter(Boolean);
}

/** A structure that only mm/damon/vaddr.c defines and uses. Its absence proves nothing: it may have been renamed. */
function vaddrBuiltIn(names: KernelNames | undefined): string | undefined {
  return names?.has('damon_young_walk_private')
    ? 'the kernel’s type information has its structures'
    : undefined;
}

/** Every module monitors physical memory and is built only together with it. */
function paddrBuiltIn(modules: readonly DamonModule[]): string | undefined {
  return modules.length > 0 ? `${modules[0].name} is there, which needs it` : undefined;
}

function addressSpace(
  name: 'vaddr' | 'paddr',
  operations: readonly string[] | null,
  builtIn: Readonly<Record<'vaddr' | 'paddr', string | undefined>>,
  configuration: KernelConfiguration | undefined,
): Probed {
  const option = `CONFIG_DAMON_${name.toUpperCase()}`;
  if (operations) {
    const list = operations.join(', ');
    return operations.includes(name)
      ? yes(`avail_operations lists ${list}`)
      : no(`avail_operations lists only ${list}`, `a kernel with ${option}`);
  }
  const evidence = builtIn[name];
  if (evidence !== undefined) return yes(evidence);
  if (!configuration) return unknown('shown only once a kdamond is set up', SET_UP);
  return configuration.option(option.slice('CONFIG_'.length)) === 'y'
    ? yes(`${option}=y in ${configuration.path}`)
    : no(`${option} is not set in ${configuration.path}`, `a kernel with ${option}`);
}

/** Enumerators of enum damos_action, as the keywords of sysfs. */
function actionNames(names: KernelNames): readonly string[] {
  const other = /^DAMOS_(NR_|QUOTA_|WMARK_|FILTER_|SYSFS_)/;
  return names
    .startingWith('DAMOS_')
    .filter((name) => !other.test(name))
    .map((name) => name.slice('DAMOS_'.length).toLowerCase());
}

const ACTION_NEEDS = {
  collapse: 'a kernel whose DAMON has the collapse action',
  split: 'a kernel with the DAMOS split series (not in any release yet)',
} as const;

function action(name: keyof typeof ACTION_NEEDS, actions: readonly string[] | null): Probed {
  if (actions === null) return unknown('shown only by trying it on a kdamond', SET_UP);
  return actions.includes(name)
    ? yes(`DAMOS_${name.toUpperCase()} is in the kernel’s type information`)
    : no(`DAMOS_${name.toUpperCase()} is not in the kernel’s type information`, ACTION_NEEDS[name]);
}

function targetOrder(files: Files, context: string | undefined, names: KernelNames | undefined): Probed {
  const needs = ACTION_NEEDS.split;
  const scheme = context ? numbered(files, `${context}/schemes`)[0] : undefined;
  if (scheme !== undefined) {
    return exists(files, `${context}/schemes/${scheme}/target_order`)
      ? yes('target_order stands beside `action`')
      : no('no target_order beside `action`', needs);
  }
  if (!names) return unknown('shown only once a scheme is set up', SET_UP);
  return names.has('target_order')
    ? yes('target_order is in the kernel’s type information')
    : no('target_order is not in the kernel’s type information', needs);
}

/** Files that came later than the interface itself: each is asked for where it is used. */
const OPTIONAL = [
  'addr_unit',
  'pause',
  'monitoring_attrs/intervals/intervals_goal',
  'monitoring_attrs/probes',
  'schemes/0/apply_interval_us',
  'schemes/0/target_nid',
  'schemes/0/target_order',
  'schemes/0/core_filters',
  'schemes/0/ops_filters',
  'schemes/0/dests',
  'schemes/0/quotas/effective_bytes',
  'schemes/0/quotas/goal_tuner',
  'schemes/0/quotas/fail_charge_num',
  'schemes/0/stats/nr_snapshots',
  'schemes/0/stats/max_nr_snapshots',
  'schemes/0/stats/sz_ops_filter_passed',
  'schemes/0/tried_regions',
  'targets/0/obsolete_target',
] as const;

function optionalFiles(files: Files, context: string): readonly string[] {
  return OPTIONAL.filter((name) => exists(files, `${context}/${name}`));
}
