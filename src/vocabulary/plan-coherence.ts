/** What a plan must be beyond the form of its keys: steps that can be told apart, each of a process and block of the plan. */
import type { Plan, Step } from './plan.js';

/** A fault of a plan, and where. */
export interface Incoherence {
  readonly problem: string;
  /** `steps.3.id`. */
  readonly place: string;
}

/** The first thing in which a plan contradicts itself. A journal of such a plan could not say what was done. */
export function incoherence({ processes, steps }: Plan): Incoherence | undefined {
  const starts = new Map<number, number>();
  for (const [index, { pid, startTicks }] of processes.entries()) {
    if (starts.has(pid)) return { problem: 'stands there twice', place: `processes.${index}.pid` };
    starts.set(pid, startTicks);
  }
  const ids = new Set<number>();
  const blocks = new Set<string>();
  for (const [index, step] of steps.entries()) {
    const found = problemOf(step, starts, ids, blocks);
    if (found) return { ...found, place: `steps.${index}.${found.place}` };
    ids.add(step.id);
    blocks.add(nameOf(step));
  }
  return undefined;
}

function problemOf(
  step: Step,
  starts: ReadonlyMap<number, number>,
  ids: ReadonlySet<number>,
  blocks: ReadonlySet<string>,
): Incoherence | undefined {
  const { id, proposal, before } = step;
  const { pid, startTicks } = proposal.process;
  if (ids.has(id)) return { problem: `repeats the number \`${id}\` of another step`, place: 'id' };
  if (starts.get(pid) !== startTicks)
    return { problem: 'is none of the processes of the plan', place: 'proposal.process' };
  if (before.block !== proposal.block)
    return { problem: 'is another block than that of the proposal', place: 'before.block' };
  if (blocks.has(nameOf(step)))
    return { problem: 'repeats the block of another step', place: 'proposal.block' };
  return undefined;
}

const nameOf = ({ proposal }: Step) => `${proposal.process.pid}/${proposal.block}`;
