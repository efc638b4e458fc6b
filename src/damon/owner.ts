/** Who uses DAMON on this host. Its sysfs tree is one for all tools, and its built-in modules run alone. */
import type { Answer, Host } from '../host/host.js';
import { KDAMONDS, numberedChildren, readFile } from './kernel-files.js';

/** Modules of the kernel that run DAMON alone, beside sysfs. */
export const EXCLUSIVE_MODULES = ['damon_stat', 'damon_reclaim', 'damon_lru_sort'] as const;

/** One kdamond of the tree. */
export interface SlotState {
  readonly slot: number;
  readonly running: boolean;
  /** Of the kernel thread, −1 when it does not run. */
  readonly pid: number;
  readonly contexts: number;
}

/** Everything that uses DAMON now. */
export interface DamonUse {
  /** Modules that hold DAMON exclusively now. */
  readonly modules: readonly string[];
  readonly slots: readonly SlotState[];
}

/** The same at one look, for where nothing can be waited for: what is locked just now counts as in use. */
export function glanceAtDamonUse(host: Host): DamonUse {
  const slots = numberedChildren(host, KDAMONDS).map((slot) => {
    const text = (file: string) => host.files.readText(`${KDAMONDS}/${slot}/${file}`);
    return slotState(slot, text('state'), text('pid'), text('contexts/nr_contexts'));
  });
  return { modules: EXCLUSIVE_MODULES.filter((name) => isRunning(host, name)), slots };
}

/** Returns who uses DAMON. Reads only. */
export async function readDamonUse(host: Host): Promise<DamonUse> {
  const slots: SlotState[] = [];
  for (const slot of numberedChildren(host, KDAMONDS)) slots.push(await readSlot(host, slot));
  return { modules: EXCLUSIVE_MODULES.filter((name) => isRunning(host, name)), slots };
}

function isRunning(host: Host, module: string): boolean {
  const folder = `/sys/module/${module}/parameters`;
  const enabled = host.files.readText(`${folder}/enabled`);
  if (!enabled.ok || !enabled.value.startsWith('Y')) return false;
  const thread = host.files.readText(`${folder}/kdamond_pid`);
  return !thread.ok || thread.value.trim() !== '-1';
}

async function readSlot(host: Host, slot: number): Promise<SlotState> {
  const folder = `${KDAMONDS}/${slot}`;
  const state = await readFile(host, `${folder}/state`);
  const pid = await readFile(host, `${folder}/pid`);
  const contexts = await readFile(host, `${folder}/contexts/nr_contexts`);
  return slotState(slot, state, pid, contexts);
}

function slotState(
  slot: number,
  state: Answer<string>,
  pid: Answer<string>,
  contexts: Answer<string>,
): SlotState {
  return {
    slot,
    // What cannot be read is taken as in use.
    running: !state.ok || state.value.trim() === 'on',
    pid: pid.ok ? Number(pid.value) : -1,
    contexts: contexts.ok ? Number(contexts.value) : 1,
  };
}

/** A slot that is not configured: nothing is lost when it is used and emptied again. */
export function isFree(slot: SlotState): boolean {
  return !slot.running && slot.contexts === 0;
}

/** Why DAMON cannot be had now, and what to do about it. */
export interface Occupied {
  readonly owner: string;
  readonly remedy: string;
}

/** Slot to use, `grow` for an empty tree, or who has it. */
export function chooseSlot(use: DamonUse, share: boolean): number | 'grow' | Occupied {
  if (use.modules.length > 0) return moduleHolds(use.modules);
  if (use.slots.length === 0) return 'grow';
  const free = use.slots.find(isFree);
  if (share && free) return free.slot;
  return slotsHeld(use.slots, share);
}

/** Modules of the kernel that have DAMON, and how to have it back. */
export function moduleHolds(modules: readonly string[]): Occupied {
  return {
    owner: `${modules.join(' and ')} of the kernel, which runs DAMON exclusively`,
    remedy: `Turn it off for the time being: ${modules.map((name) => `echo N > /sys/module/${name}/parameters/enabled`).join('; ')}`,
  };
}

function slotsHeld(slots: readonly SlotState[], share: boolean): Occupied {
  const owner = `another tool: ${slots.map(describeSlot).join(', ')}`;
  if (share)
    return { owner, remedy: 'No slot of its tree is free. Let that tool make one more, or stop it.' };
  const free = slots.some(isFree)
    ? 'A slot is free: use it with --share-damon.'
    : 'None of its slots is free.';
  return { owner, remedy: `${free} Octavo never changes the slots of others.` };
}

function describeSlot({ slot, running, pid, contexts }: SlotState): string {
  if (running) return `kdamond ${slot} runs as ${pid}`;
  return contexts > 0 ? `kdamond ${slot} is configured but off` : `kdamond ${slot} is empty`;
}
