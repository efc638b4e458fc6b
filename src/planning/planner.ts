/** Noun 4 to noun 5: proposals to an ordered plan inside the budgets, with every refusal kept. Pure. */
import { collapseObstacles } from '../kernel-rules/eligibility.js';
import type { BlockState, PageSizes } from '../vocabulary/page-sizes.js';
import {
  type Budgets,
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
import { type MemoryState, pressureReason } from './budgets.js';
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

export interface ProcessProposals {
  readonly sizes: PageSizes;
  readonly proposals: readonly Proposal[];
  readonly passedOver: readonly PassedOver[];
  /** The block as it is now, for a proposal's block. */
  state(block: number): { readonly state: BlockState; readonly mapping: number } | undefined;
}

export interface PlanningInput {
  readonly id: string;
  readonly nowMs: Milliseconds;
  readonly bootId: string;
  readonly target: string;
  readonly policy: string;
  readonly parameters: Plan['parameters'];
  readonly sources: readonly string[];
  readonly processes: readonly ProcessProposals[];
  readonly means: readonly Means[];
  readonly settings: ThpSettings;
  readonly budgets: Budgets;
  readonly memory: MemoryState;
  readonly feuds: Feuds;
  /** What came back of returned memory; none when undefined. */
  readonly regrets?: Regrets;
  readonly notes: readonly string[];
  /** Blocks named by the user are planned with a warning where others are refused. */
  readonly insist: boolean;
  readonly undoes?: string;
}

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

  consider(process: ProcessProposals, proposal: Proposal): void {
    const found = process.state(proposal.block);
    const warnings: string[] = [];
    const refuse = (code: RefusalCode, why: string) => this.#refused.push({ proposal, code, why });
    if (!found) return void refuse('not-eligible', 'nothing is mapped there any more');
    const chosen = this.#means(proposal, process, found, warnings);
    if ('code' in chosen) return void refuse(chosen.code, chosen.why);
    const obstacle = this.#obstacle(process, proposal, found);
    if (obstacle && !this.#input.insist) return void refuse('not-eligible', obstacle);
    if (obstacle) warnings.push(`likely to fail: ${obstacle}`);
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
      ...(input.undoes === undefined ? {} : { undoes: input.undoes }),
    };
  }

  #geometry() {
    const first = this.#input.processes[0]?.sizes.geometry;
    return { pageBytes: first?.pageBytes ?? 0, blockBytes: first?.blockBytes ?? 0 };
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
    if (!this.#input.insist) return { code: 'not-eligible', why: defeats[0] ?? '' };
    warnings.push(`likely to fail: ${defeats[0]}`);
    return here[0];
  }

  #obstacle(
    process: ProcessProposals,
    proposal: Proposal,
    found: { state: BlockState; mapping: number },
  ): string | undefined {
    if (proposal.action === 'split') return undefined;
    const { settings } = this.#input;
    const { geometry, thpDisabledByPrctl, mappings } = process.sizes;
    const mapping = mappings[found.mapping];
    return collapseObstacles({ mapping, state: found.state, settings, geometry, thpDisabledByPrctl })[0]?.why;
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
    return regret && shareOf(regret);
  }

  #limit(process: ProcessProposals, proposal: Proposal): { code: RefusalCode; why: string } | undefined {
    const { budgets, memory } = this.#input;
    const { geometry } = process.sizes;
    if (this.#taken.has(`${proposal.process.pid}/${proposal.block}`)) {
      return { code: 'conflict', why: 'another step of this plan has the block' };
    }
    if (this.#steps.length >= budgets.maxBlocks) {
      return {
        code: 'budget-blocks',
        why: `the plan holds ${budgets.maxBlocks} blocks already (--max-blocks)`,
      };
    }
    if (this.#bytes + geometry.blockBytes > budgets.maxBytes) {
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
      forecast: forecast({
        mapping,
        settings: this.#input.settings,
        geometry,
        thpDisabledByPrctl,
        before: found.state,
        proposal,
        clearsReferences: means.clearsReferences,
        cameBackShare: this.#cameBackShare(proposal),
      }),
      warnings,
    });
  }
}

function defeat(means: Means, mlocked: boolean, state: BlockState): string | undefined {
  if (mlocked && means.defeatedBy.mlocked) return means.defeatedBy.mlocked;
  return state.flags.includes('shared') ? means.defeatedBy.shared : undefined;
}
