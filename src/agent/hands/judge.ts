/**
 * Whether a plan may be carried out, by what the acting side knows itself: who the processes are now, what its own copy of
 * the configuration allows for them, what their mappings are, and what was spent. Nothing that the plan says of these is
 * believed. What comes back is the plan that will be carried out, with the narrower of both budgets.
 */
import { failure, type Result, success } from '../../base/result.js';
import type { Host } from '../../host/host.js';
import { predictionOf } from '../../planning/planner.js';
import { identityOf, mappingsOf } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Mapping } from '../../vocabulary/mapping.js';
import type { Budgets, Plan, Step } from '../../vocabulary/plan.js';
import { incoherence } from '../../vocabulary/plan-coherence.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { type BlockNumber, type Bytes, blockToPage, type PageGeometry } from '../../vocabulary/units.js';
import type { Allowance } from './allowance.js';
import type { Grant, Grants } from './grants.js';
import type { Denial, ProcessRef } from './protocol.js';

/** What a plan is judged by: all of it the acting side's own knowledge. */
export interface Judging {
  readonly host: Host;
  readonly grants: Grants;
  readonly allowance: Allowance;
}

/** A plan that may be carried out, and under which grant. */
export interface Allowed {
  readonly plan: Plan;
  readonly grant: Grant;
  /** Bytes of the blocks of all steps. */
  readonly bytes: Bytes;
}

/** Names as the journal gives them (cycle/journal.ts): a run to take back is never a path. */
const RUN_NAME = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;
const PLAN_NAME = /^[\w.:-]{1,128}$/;

/** Who a process is now and what may be done to it; or why it is none of the configuration's. */
export function grantedProcess(
  { host, grants }: Pick<Judging, 'host' | 'grants'>,
  { pid, startTicks }: ProcessRef,
): Result<{ readonly process: ProcessIdentity; readonly grant: Grant }, Denial> {
  let process: ProcessIdentity;
  try {
    process = identityOf(host, pid);
  } catch (problem) {
    return failure(unlessBug(problem, 'stale'));
  }
  if (process.startTicks !== startTicks)
    return denied('stale', `pid ${pid} is another process than the one that was meant`);
  const grant = grants.grantOf(process);
  if (grant === undefined) return denied('not-a-target', `process ${pid} is of no target, or is denied`);
  return success({ process, grant });
}

/**
 * Returns the plan as it may be carried out, or the denial of its first fault: form, owner, grant, mappings,
 * budgets, in this order.
 */
export function judgePlan(judging: Judging, plan: Plan): Result<Allowed, Denial> {
  const form = formProblem(judging.host, plan);
  if (form !== undefined) return denied('not-allowed', form);
  const whose = grantOfAll(judging, plan);
  if (!whose.ok) return whose;
  const { grant, processes } = whose.value;
  const closed = closedBecause(judging, grant);
  if (closed !== undefined) return failure(closed);
  const step = shapesProblem(judging.host, grant, plan.steps);
  if (step !== undefined) return failure(step);
  const steps = affordableSteps(judging, grant, plan.steps);
  if (!steps.ok) {
    // To know that, mappings were read, which takes the process's lock: it counts as a run, and has its pause.
    judging.allowance.begin(grant.name, 0);
    return steps;
  }
  const { blockBytes } = judging.host.identity.geometry;
  const bytes = steps.value.length * blockBytes;
  const budgets = narrower(plan.budgets, grant.budgets);
  return success({ plan: { ...rewritten(withSteps(plan, steps.value), processes), budgets }, grant, bytes });
}

/** What is wrong with a plan wherever it is meant for. */
function formProblem(host: Host, plan: Plan): string | undefined {
  const { geometry, bootId } = host.identity;
  if (plan.bootId !== bootId) return 'the plan is of another boot';
  if (plan.geometry.pageBytes !== geometry.pageBytes || plan.geometry.blockBytes !== geometry.blockBytes)
    return 'the plan is of another page size';
  if (!PLAN_NAME.test(plan.id)) return 'the plan has no proper name';
  if (plan.undoes !== undefined && !RUN_NAME.test(plan.undoes)) return 'the run to undo has no proper name';
  if (plan.steps.length === 0) return 'the plan has no steps';
  const found = incoherence(plan);
  return found && `${found.place} ${found.problem}`;
}

interface Whose {
  readonly grant: Grant;
  readonly processes: ReadonlyMap<number, ProcessIdentity>;
}

/** All processes of a plan are of one target: its budgets are the target's. */
function grantOfAll(judging: Judging, plan: Plan): Result<Whose, Denial> {
  const processes = new Map<number, ProcessIdentity>();
  let grant: Grant | undefined;
  for (const planned of plan.processes) {
    const granted = grantedProcess(judging, planned);
    if (!granted.ok) return granted;
    if (grant !== undefined && granted.value.grant.name !== grant.name)
      return denied('not-allowed', 'the processes of the plan are of several targets');
    grant = granted.value.grant;
    processes.set(planned.pid, granted.value.process);
  }
  return grant === undefined
    ? denied('not-allowed', 'the plan has no processes')
    : success({ grant, processes });
}

/** Why a target may not be acted on now, whatever is to be done; undefined when it may. */
export function forbiddenBecause({ clock }: Host, { name, act, isOpen }: Grant): Denial | undefined {
  if (!act) return { code: 'not-now', why: `target ${name} is only watched (act: false)` };
  if (isOpen(clock.wallMs())) return undefined;
  return { code: 'not-now', why: `target ${name} is not to be acted on at this hour` };
}

function closedBecause({ host, allowance }: Judging, grant: Grant): Denial | undefined {
  const forbidden = forbiddenBecause(host, grant);
  if (forbidden !== undefined) return forbidden;
  const { name } = grant;
  const retryMs = Math.ceil(allowance.pauseLeftMs(grant));
  if (retryMs === 0) return undefined;
  return { code: 'too-soon', why: `the last run on target ${name} was a short time ago`, retryMs };
}

/** Returns the denial of the first step that no plan of this target may have. */
export function shapesProblem({ identity }: Host, grant: Grant, steps: readonly Step[]): Denial | undefined {
  for (const step of steps) {
    const shape = shapeProblem(step, grant, identity.geometry);
    if (shape !== undefined) return { code: 'not-allowed', why: `step ${step.id} ${shape}` };
  }
  return undefined;
}

/** Steps that can be carried out now, if all of them may be. */
function affordableSteps(
  { host, allowance }: Judging,
  grant: Grant,
  steps: readonly Step[],
): Result<readonly Step[], Denial> {
  const mapped = mappedSteps(host, steps);
  if (!mapped.ok) return mapped;
  const { length } = mapped.value;
  const spent = spentBecause(allowance, grant, length, length * host.identity.geometry.blockBytes);
  return spent === undefined ? mapped : denied('over-budget', spent);
}

/** Steps on memory that the processes have mapped now: a program gives memory back between a plan and its acts. */
function mappedSteps(host: Host, steps: readonly Step[]): Result<readonly Step[], Denial> {
  const mappings = new Map<number, readonly Mapping[]>();
  const mapped: Step[] = [];
  for (const step of steps) {
    const { pid } = step.proposal.process;
    try {
      const own = mappings.get(pid) ?? mappingsOf(host, pid).map(({ mapping }) => mapping);
      mappings.set(pid, own);
      if (isMapped(step.proposal.block, own, host.identity.geometry)) mapped.push(step);
    } catch (problem) {
      return failure(unlessBug(problem, 'stale'));
    }
  }
  if (mapped.length > 0) return success(mapped);
  return denied('stale', 'all steps of the plan are outside of the mappings of its processes');
}

/** The plan with some of its steps, and what is predicted of these. */
function withSteps(plan: Plan, steps: readonly Step[]): Plan {
  if (steps.length === plan.steps.length) return plan;
  const { prediction: _, ...rest } = plan;
  return { ...rest, steps, ...predictionOf(steps) };
}

function shapeProblem(
  { proposal, actuator }: Step,
  grant: Grant,
  geometry: PageGeometry,
): string | undefined {
  const { action, targetOrder, aroundPage } = proposal;
  if (!grant.actions.includes(action)) return `is a ${action}, which target ${grant.name} does not allow`;
  if (!(grant.actuators as readonly string[]).includes(actuator))
    return `wants the actuator ${actuator}, which target ${grant.name} does not allow`;
  if (targetOrder > geometry.hugeOrder) return `has the order ${targetOrder}, beyond a huge page`;
  if (aroundPage !== undefined && aroundPage >= geometry.pagesPerBlock)
    return `is around page ${aroundPage}, outside of its block`;
  return undefined;
}

/** Whether some of a block is memory that a process has mapped; `special` is the kernel's, hugetlb pages cannot be split. */
function isMapped(block: BlockNumber, mappings: readonly Mapping[], geometry: PageGeometry): boolean {
  const start = blockToPage(block, geometry);
  const end = start + geometry.pagesPerBlock;
  for (let at = firstBehind(start, mappings); at < mappings.length && mappings[at].start < end; at++)
    if (mappings[at].kind !== 'special' && mappings[at].kind !== 'hugetlb') return true;
  return false;
}

/** Index of the first mapping that ends behind the start of a page, of mappings in the order of their addresses. */
function firstBehind(page: number, mappings: readonly Mapping[]): number {
  let [low, high] = [0, mappings.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mappings[middle].end > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

function spentBecause(allowance: Allowance, grant: Grant, blocks: number, bytes: Bytes): string | undefined {
  const { maxBlocks, maxBytes } = grant.budgets;
  if (maxBlocks > 0 && blocks > maxBlocks) return `${blocks} blocks, and a run may have ${maxBlocks}`;
  if (maxBytes > 0 && bytes > maxBytes) return `${bytes} bytes, and a run may have ${maxBytes}`;
  const left = allowance.bytesLeft(grant);
  return bytes > left ? `${bytes} bytes, and ${left} are left of this hour` : undefined;
}

/** The narrower of two budgets, of which 0 is no bound; what must stay free is the wider where it is larger. */
export function narrower(one: Budgets, other: Budgets): Budgets {
  const least = (left: number, right: number) =>
    left === 0 || right === 0 ? Math.max(left, right) : Math.min(left, right);
  return {
    maxBlocks: least(one.maxBlocks, other.maxBlocks),
    maxBytes: least(one.maxBytes, other.maxBytes),
    lockUsPerSecond: least(one.lockUsPerSecond, other.lockUsPerSecond),
    minFreeBytes: Math.max(one.minFreeBytes, other.minFreeBytes),
    maxPressure: least(one.maxPressure, other.maxPressure),
  };
}

/** The same plan with the processes as they were found, and without frames that this side has not read itself. */
function rewritten(plan: Plan, processes: ReadonlyMap<number, ProcessIdentity>): Plan {
  const own = (process: ProcessIdentity) => processes.get(process.pid) ?? process;
  return {
    ...plan,
    processes: plan.processes.map(own),
    steps: plan.steps.map((step) => ({
      ...step,
      before: { ...step.before, firstFrame: null },
      proposal: { ...step.proposal, process: own(step.proposal.process) },
    })),
  };
}

/** Returns a denial as a value, with a code for programs and a sentence for people. */
export function denied(code: Denial['code'], why: string): { readonly ok: false; readonly error: Denial } {
  return failure({ code, why });
}

/** What a process that ended or may not be looked into says; a bug passes through. */
function unlessBug(problem: unknown, code: Denial['code']): Denial {
  if (!(problem instanceof OctavoError)) throw problem;
  return { code: problem.code === 'TARGET_GONE' ? code : 'failed', why: problem.message };
}
