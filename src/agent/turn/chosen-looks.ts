/** Which looks a turn takes of a target with `sources: auto`: what the host offers, within a share of a CPU, by its wishes. */
import { type Candidate, type LookName, SamplingBudget } from '../../sampling/budget.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { BlockNumber, Milliseconds, ProcessId } from '../../vocabulary/units.js';
import { LOOKS, type LookOffers } from '../hands/protocol.js';

/** Targets that are remembered. */
const MOST_TARGETS = 4096;

interface Known {
  readonly lookedAtMs: Partial<Record<LookName, Milliseconds>>;
  regretNs: number | undefined;
  wished: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;
}

/** Chooses looks for each target by what they found and what they cost so far. */
export class ChosenLooks {
  readonly #budget = new SamplingBudget();
  readonly #known = new Map<string, Known>();
  readonly #nowMs: () => Milliseconds;

  constructor(nowMs: () => Milliseconds) {
    this.#nowMs = nowMs;
  }

  /** Looks for a turn, in the order in which they are to be taken; none where the share is used up. */
  next(target: string, offers: LookOffers): readonly LookName[] {
    const nowMs = this.#nowMs();
    const known = this.#of(target);
    const chosen: LookName[] = [];
    for (const _ of LOOKS) {
      const looks = LOOKS.filter((look) => !chosen.includes(look) && !isSecondHeat(look, chosen));
      const candidate: Candidate = { target, looks, regretNs: known.regretNs, lookedAtMs: known.lookedAtMs };
      const next = this.#budget.next(nowMs, offers, [candidate]);
      if (next.kind !== 'look') break;
      chosen.push(next.choice.look);
    }
    return chosen;
  }

  /** Blocks that alone are worth reading again; undefined for all, as long as nothing is known. */
  wished(target: string, look: LookName): Known['wished'] | undefined {
    const { wished, lookedAtMs } = this.#of(target);
    return look === 'occupancy' && lookedAtMs.occupancy !== undefined && wished.size > 0 ? wished : undefined;
  }

  took(target: string, look: LookName, cpuNs: number): void {
    this.#of(target).lookedAtMs[look] = this.#nowMs();
    this.#budget.took(target, look, cpuNs);
  }

  failed(look: LookName, why: string): void {
    this.#budget.failed(this.#nowMs(), look, why);
  }

  /** What the plan would like to know more of. */
  note(target: string, { wishes = [] }: Plan): void {
    const known = this.#of(target);
    const wished = new Map<ProcessId, Set<BlockNumber>>();
    for (const { process, block } of wishes)
      wished.set(process.pid, (wished.get(process.pid) ?? new Set<BlockNumber>()).add(block));
    known.regretNs = wishes.reduce((sum, { regretNs }) => sum + regretNs, 0);
    known.wished = wished;
  }

  #of(target: string): Known {
    const found = this.#known.get(target) ?? { lookedAtMs: {}, regretNs: undefined, wished: new Map() };
    this.#known.delete(target);
    this.#known.set(target, found);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_TARGETS) this.#known.delete(oldest);
    return found;
  }
}

/** One source of heat is enough for a turn. */
function isSecondHeat(look: LookName, chosen: readonly LookName[]): boolean {
  const isHeat = (one: LookName) => one === 'pmu' || one === 'damon-regions';
  return isHeat(look) && chosen.some(isHeat);
}
