/** Noun 4 to noun 5: proposals to an ordered plan inside the budgets, with every refusal kept. Pure. */
import { collapseObstacles } from '../kernel-rules/eligibility.js';
import type { Obstacle, ObstacleCode } from '../kernel-rules/obstacle.js';
import type { BlockState, PageSizes } from '../vocabulary/page-sizes.js';
import {
  type Budgets,
  type Forecast,
  type PassedOver,
  PLAN_VERSION,
  type Plan,
  type Proposal,
  type RefusalCode,
  type Refused,
  type Step,
} from '../vocabulary/plan.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Milliseconds, Order } from '../vocabulary/units.js';
import { lockReason, type MemoryState, pressureReason } from './budgets.js';
import type { CostBook } from './cost-book.js';
import { forecast } from './forecast.js';
import { type Feuds, pausedBecause } from './guard.js';
import { type Regrets, regretBecause, regretKey, shareOf } from './regret.js';

/** An actuator as the planner sees it: what it can do, in order of preference. */
export interface Means {
  readonly actuator: string;
  readonly action: 'split' | 'collapse';
  readonly orders: readonly Order[];
  /** Empty when it is available here. */
  readonly missing: string;
  /** Whether a split leaves nothing referenced for khugepaged to find. */
  readonly clearsReferences: boolean;
  /** Block facts that make this actuator fail, and why. */
  readonly defeatedBy: Readonly<Partial<Record<'mlocked' | 'shared', string>>>;
}

/** What a policy proposes for one process. */
export interface ProcessProposals {
  readonly sizes: PageSizes;
  readonly proposals: readonly Proposal[];
  readonly passedOver: readonly PassedOver[];
  /** Blocks that the policy would like to know more of. */
  readonly wishes?: Plan['wishes'];
  /** The block as it is now, for a proposal's block. */
  state(block: number): { readonly state: BlockState; readonly mapping: number } | undefined;
}

/** Everything that a plan is made of. */
export interface PlanningInput {
  readonly id: string;
  readonly nowMs: Milliseconds;
  readonly bootId: string;
  readonly target: string;
  readonly policy: string;
  readonly parameters: Plan['parameters'];
  readonly sources: readonly string[];
  /** At least one. */
  readonly processes: readonly ProcessProposals[];
  readonly means: readonly Means[];
  readonly settings: ThpSettings;
  readonly budgets: Budgets;
  readonly memory: MemoryState;
  readonly feuds: Feuds;
  /** What came back of returned memory; none when undefined. */
  readonly regrets?: Regrets;
  /** What acts cost on this host; everything is assumed when absent. */
  readonly costs?: CostBook;
  readonly notes: readonly string[];
  /** Blocks named by the user are planned with a warning where others are refused. */
  readonly insist: boolean;
  readonly undoes?: string;
}

/**
 * Returns a plan inside its budgets. What does not fit or may not be done is in `refused`, with a code and a
 * sentence.
 */
export function makePlan(input: PlanningInput): Plan {
  const draft = new Draft(input);
  const everything = input.processes.flatMap((process) =>
    process.proposals.map((proposal) => ({ process, proposal })),
  );
  // Splits go first: they give memory back before collapses take some. Within a kind the best goes first.
  const sorted = everything.sort(
    (left, right) =>
      Number(left.proposal.action === 'collapse') - Number(right.proposal.action === 'collapse') ||
      right.proposal.priority - left.proposal.priority ||
      left.proposal.block - right.proposal.block,
  );
  for (const { process, proposal } of sorted) draft.consider(process, proposal);
  return draft.plan();
}

/** What cannot change while the memory stays mapped: not even planned when it was asked for by name. */
const HOPELESS: ReadonlySet<ObstacleCode> = new Set(['no-thp', 'special-mapping', 'dax', 'misaligned']);

const LIKELY_TO_FAIL = 'likely to fail: ';

class Draft {
  readonly #input: PlanningInput;
  readonly #steps: Step[] = [];
  readonly #refused: Refused[] = [];
  readonly #taken = new Set<string>();
  #bytes = 0;
  #collapses = 0;

  constructor(input: PlanningInput) {
    this.#input = input;
  }

  consider(process: ProcessProposals, proposed: Proposal): void {
    const found = process.state(proposed.block);
    const warnings: string[] = [];
    let proposal = proposed;
    const refuse = (code: RefusalCode, why: string) => this.#refused.push({ proposal, code, why });
    if (!found) return void refuse('not-eligible', 'nothing is mapped there any more');
    const chosen = this.#means(proposal, process, found, warnings);
    if ('code' in chosen) return void refuse(chosen.code, chosen.why);
    proposal = this.#costed(process, proposed, chosen);
    const obstacle = this.#obstacle(process, proposal, found);
    const isHopeless = obstacle !== undefined && HOPELESS.has(obstacle.code);
    if (obstacle && (isHopeless || !this.#input.insist)) return void refuse('not-eligible', obstacle.why);
    if (obstacle) warnings.push(`${LIKELY_TO_FAIL}${obstacle.why}`);
    const tooLong = lockReason(proposal.cost.lockUs, this.#input.budgets);
    if (tooLong && !this.#input.insist) return void refuse('budget-time', tooLong);
    if (tooLong) warnings.push(tooLong);
    const paused = this.#paused(proposal);
    // The guard is for what Octavo wants by itself; what is asked for by name is done.
    if (paused && !this.#input.insist) return void refuse('ping-pong', paused);
    const regret = this.#regret(process, proposal, found.state);
    if (regret && !this.#input.insist) return void refuse('regret', regret);
    if (paused) warnings.push(`may not last: ${paused.split(';')[0]}`);
    const limit = this.#limit(process, proposal);
    if (limit) return void refuse(limit.code, limit.why);
    this.#take(process, proposal, found, chosen, warnings);
  }

  plan(): Plan {
    const input = this.#input;
    return {
      octavo: 'plan',
      version: PLAN_VERSION,
      id: input.id,
      madeAtMs: input.nowMs,
      bootId: input.bootId,
      target: input.target,
      geometry: this.#geometry(),
      processes: input.processes.map(({ sizes }) => sizes.process),
      policy: input.policy,
      parameters: input.parameters,
      sources: [...input.sources],
      budgets: input.budgets,
      steps: this.#steps,
      refused: this.#refused,
      passedOver: input.processes.flatMap((process) => process.passedOver),
      notes: [...input.notes],
      ...predictionOf(this.#steps),
      ...wishesOf(input.processes),
      ...(input.undoes === undefined ? {} : { undoes: input.undoes }),
    };
  }

  #geometry() {
    const { pageBytes, blockBytes } = this.#input.processes[0].sizes.geometry;
    return { pageBytes, blockBytes };
  }

  /** The first actuator that reaches the order and is not defeated by what the block is. */
  #means(
    proposal: Proposal,
    process: ProcessProposals,
    found: { state: BlockState; mapping: number },
    warnings: string[],
  ): Means | { code: RefusalCode; why: string } {
    const { action, targetOrder } = proposal;
    const mapping = process.sizes.mappings[found.mapping];
    if (action === 'split' && targetOrder === 1 && mapping.kind === 'anon') {
      return { code: 'not-able', why: 'order 1 does not exist for anonymous memory' };
    }
    const able = this.#input.means.filter(
      (means) => means.action === action && means.orders.includes(targetOrder),
    );
    if (able.length === 0)
      return { code: 'not-able', why: `nothing here can ${action} to order ${targetOrder}` };
    const here = able.filter((means) => means.missing === '');
    if (here.length === 0) return { code: 'not-able', why: able[0].missing };
    const defeats = here.map((means) => defeat(means, mapping.flags.includes('lo'), found.state));
    const working = here.find((_, index) => defeats[index] === undefined);
    if (working) return working;
    if (!this.#input.insist) return { code: 'not-eligible', why: defeats[0] as string };
    warnings.push(`likely to fail: ${defeats[0]}`);
    return here[0];
  }

  /** The proposal with what such a step took on this host, where that is known. */
  #costed({ sizes }: ProcessProposals, proposal: Proposal, { actuator }: Means): Proposal {
    const { costs } = this.#input;
    if (!costs) return proposal;
    return { ...proposal, cost: costs.measured(proposal, actuator, sizes.geometry.blockBytes) };
  }

  #obstacle(
    process: ProcessProposals,
    proposal: Proposal,
    found: { state: BlockState; mapping: number },
  ): Obstacle | undefined {
    if (proposal.action === 'split') return undefined;
    const { settings } = this.#input;
    const { geometry, thpDisabledByPrctl, mappings } = process.sizes;
    const mapping = mappings[found.mapping];
    return collapseObstacles({ mapping, state: found.state, settings, geometry, thpDisabledByPrctl })[0];
  }

  #paused(proposal: Proposal): string | undefined {
    const { feuds, nowMs } = this.#input;
    return proposal.action === 'split'
      ? pausedBecause(feuds, proposal.process, proposal.block, nowMs)
      : undefined;
  }

  #regret({ sizes }: ProcessProposals, proposal: Proposal, state: BlockState): string | undefined {
    const { regrets, nowMs } = this.#input;
    return regrets && regretBecause(regrets, proposal, state, sizes.geometry.pageBytes, nowMs);
  }

  /** Share of what earlier splits returned that came back; undefined when nothing of the process was looked at. */
  #cameBackShare({ process }: Proposal): number | undefined {
    const regret = this.#input.regrets?.get(regretKey(process));
    return regret === undefined ? undefined : shareOf(regret);
  }

  #limit(process: ProcessProposals, proposal: Proposal): { code: RefusalCode; why: string } | undefined {
    const { budgets, memory } = this.#input;
    const { geometry } = process.sizes;
    if (this.#taken.has(`${proposal.process.pid}/${proposal.block}`)) {
      return { code: 'conflict', why: 'another step of this plan has the block' };
    }
    if (budgets.maxBlocks > 0 && this.#steps.length >= budgets.maxBlocks) {
      return {
        code: 'budget-blocks',
        why: `the plan holds ${budgets.maxBlocks} blocks already (--max-blocks)`,
      };
    }
    if (budgets.maxBytes > 0 && this.#bytes + geometry.blockBytes > budgets.maxBytes) {
      return {
        code: 'budget-bytes',
        why: `the plan covers ${this.#bytes} bytes already, bound is ${budgets.maxBytes} (--max-bytes)`,
      };
    }
    const pressure =
      proposal.action === 'collapse' ? pressureReason(memory, budgets, this.#collapses) : undefined;
    return pressure ? { code: 'pressure', why: pressure } : undefined;
  }

  #take(
    process: ProcessProposals,
    proposal: Proposal,
    found: { state: BlockState; mapping: number },
    means: Means,
    warnings: string[],
  ): void {
    const { geometry, mappings, thpDisabledByPrctl } = process.sizes;
    const mapping = mappings[found.mapping];
    if (proposal.action === 'split' && mapping.kind === 'shmem') {
      warnings.push(
        'a split of shared memory unmaps the block from every process; they fault it back in page by page',
      );
    }
    this.#taken.add(`${proposal.process.pid}/${proposal.block}`);
    this.#bytes += geometry.blockBytes;
    if (proposal.action === 'collapse') this.#collapses++;
    this.#steps.push({
      id: this.#steps.length,
      proposal,
      actuator: means.actuator,
      before: found.state,
      forecast: hedged(
        warnings,
        proposal,
        forecast({
          mapping,
          settings: this.#input.settings,
          geometry,
          thpDisabledByPrctl,
          before: found.state,
          proposal,
          clearsReferences: means.clearsReferences,
          cameBackShare: this.#cameBackShare(proposal),
        }),
      ),
      warnings,
    });
  }
}

/** The sum of what the steps are expected to do; nothing where their policy does not say. */
export function predictionOf(steps: readonly Step[]): Pick<Plan, 'prediction'> {
  const sum = { gainedNs: 0, lostNs: 0, bytes: 0, steps: 0 };
  for (const { proposal } of steps) {
    const { expected } = proposal.gain;
    if (expected === undefined) continue;
    sum.gainedNs += expected.gainedNs;
    sum.lostNs += expected.lostNs;
    sum.bytes += expected.bytes;
    sum.steps++;
  }
  return sum.steps === 0 ? {} : { prediction: sum };
}

/** Wishes of a plan: what a sampler could look at next. */
const MOST_WISHES = 16;

function wishesOf(processes: readonly ProcessProposals[]): Pick<Plan, 'wishes'> {
  const all = processes.flatMap(({ wishes }) => wishes ?? []);
  if (all.length === 0) return {};
  return { wishes: all.sort((one, other) => other.regretNs - one.regretNs).slice(0, MOST_WISHES) };
}

/** Nothing lasts that may not come to be. */
function hedged(warnings: readonly string[], { action }: Proposal, made: Forecast): Forecast {
  const warning = warnings.find((text) => text.startsWith(LIKELY_TO_FAIL));
  if (warning === undefined || action !== 'collapse') return made;
  return {
    ...made,
    undoneByKernel: 'unknown',
    why: `it is ${warning}`,
    keptBy: 'what stands against it being gone',
  };
}

function defeat(means: Means, mlocked: boolean, state: BlockState): string | undefined {
  if (mlocked && means.defeatedBy.mlocked) return means.defeatedBy.mlocked;
  return state.flags.includes('shared') ? means.defeatedBy.shared : undefined;
}
