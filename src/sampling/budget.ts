/**
 * Which memory is looked at next, by what, and how soon, so that sampling stays within a share of one CPU and samples go
 * where they are worth most. Pure: what looks cost is measured by the caller and told here.
 *
 * Every look that a host offers has a kind of answer. Which sub-pages are hot is told by a PMU, which blocks are by DAMON,
 * where nothing is by content and page tables. A PMU is preferred where there is one, DAMON where nobody else has it;
 * content and page tables are always there. A look whose cost is not known is tried once, for one target.
 */
import type { Fraction, Milliseconds, Nanoseconds } from '../vocabulary/units.js';

/** Looks in order of preference for heat; the last two tell of content and of sizes, whatever heat there is. */
export const LOOKS_FOR_HEAT = ['pmu', 'damon-regions'] as const;
/** Looks that tell page sizes and content, but no heat. */
export const OTHER_LOOKS = ['occupancy', 'smaps'] as const;
/** Name of any look. */
export type LookName = (typeof LOOKS_FOR_HEAT)[number] | (typeof OTHER_LOOKS)[number];

/** The word of a configuration for choosing among all of them. */
export const AUTO = 'auto';

/** What a host offers now; a reason where it does not. */
export type Offers = Readonly<Partial<Record<LookName, true | string>>>;

/** A target that may be looked at. */
export interface Candidate {
  readonly target: string;
  /** Looks that its configuration allows. */
  readonly looks: readonly LookName[];
  /** Nanoseconds a second that wrong choices are expected to cost, of the policy's wishes; undefined before its first turn. */
  readonly regretNs: Nanoseconds | undefined;
  /** When each look was last taken, by the caller's clock. */
  readonly lookedAtMs: Readonly<Partial<Record<LookName, Milliseconds>>>;
}

/** A look that is to be taken now. */
export interface Choice {
  readonly target: string;
  readonly look: LookName;
  /** How long to watch; for looks that do not watch, 0. */
  readonly windowMs: Milliseconds;
  /** What it is expected to take; undefined for a first try. */
  readonly expectedNs: Nanoseconds | undefined;
  /** One plain sentence. */
  readonly why: string;
}

/** What to do now. */
export type Next =
  | { readonly kind: 'look'; readonly choice: Choice }
  /** Nothing may be looked at before this time. */
  | { readonly kind: 'wait'; readonly untilMs: Milliseconds; readonly why: string }
  | { readonly kind: 'nothing'; readonly why: string };

/** How much sampling may cost, and how fresh its results are to be. */
export interface SamplingOptions {
  /** Share of one CPU for all looks together. */
  readonly share: Fraction;
  /** How old what is known of a target may get before it is looked at without a wish. */
  readonly refreshMs: Milliseconds;
}

/** 1 % of a CPU, and a look at least every 5 minutes. */
export const USUAL_SAMPLING: SamplingOptions = { share: 0.01, refreshMs: 300_000 };

const WATCHED_MS: Milliseconds = 5000;
/** How fast a measured cost replaces what was known. */
const NEW_WEIGHT: Fraction = 0.3;
/** Credit at most: what was not used for longer is gone, or a quiet hour would be followed by a busy minute. */
const MOST_CREDIT_MS: Milliseconds = 60_000;
/** A target that was never looked at comes before any that has been; so much is put on its regret. */
const UNSEEN_NS: Nanoseconds = Number.MAX_VALUE;
/** Looks that failed are not tried for a while. */
const SHUNNED_MS: Milliseconds = 600_000;

/** Keeps the credit of CPU time and what each look cost, and chooses the next. */
export class SamplingBudget {
  readonly #options: SamplingOptions;
  /** CPU time that may be taken now; negative when more was taken. */
  #creditNs = 0;
  #atMs: Milliseconds | undefined;
  readonly #costs = new Map<string, Nanoseconds>();
  readonly #shunned = new Map<LookName, { readonly untilMs: Milliseconds; readonly why: string }>();

  constructor(options: SamplingOptions = USUAL_SAMPLING) {
    this.#options = options;
  }

  /** Notes what a look took of a CPU. */
  took(target: string, look: LookName, cpuNs: Nanoseconds): void {
    if (!(cpuNs >= 0)) return;
    this.#creditNs -= cpuNs;
    for (const key of [look, `${look} ${target}`]) {
      const known = this.#costs.get(key);
      this.#costs.set(key, known === undefined ? cpuNs : known + NEW_WEIGHT * (cpuNs - known));
    }
  }

  /** Notes CPU time of the agent that no look accounts for; it counts against the same share. */
  spent(cpuNs: Nanoseconds): void {
    if (cpuNs > 0) this.#creditNs -= cpuNs;
  }

  /** A look could not be taken: it is left alone for a while. */
  failed(nowMs: Milliseconds, look: LookName, why: string): void {
    this.#shunned.set(look, { untilMs: nowMs + SHUNNED_MS, why });
  }

  /** What of the share is left: CPU time that may be taken now. */
  get creditNs(): Nanoseconds {
    return this.#creditNs;
  }

  next(nowMs: Milliseconds, offers: Offers, candidates: readonly Candidate[]): Next {
    this.#earn(nowMs);
    const wanted = candidates
      .flatMap((candidate) => this.#wanted(nowMs, offers, candidate))
      .sort((one, other) => other.worth - one.worth);
    const [best] = wanted;
    if (best === undefined) return { kind: 'nothing', why: this.#whyNothing(offers, candidates) };
    const missingNs = (best.choice.expectedNs ?? 0) - this.#creditNs;
    if (missingNs <= 0) return { kind: 'look', choice: best.choice };
    const untilMs = nowMs + missingNs / 1e6 / this.#options.share;
    return { kind: 'wait', untilMs, why: 'sampling has had its share of a CPU' };
  }

  /** Credit comes with time. A clock that was set back, or far ahead, brings no more than the most. */
  #earn(nowMs: Milliseconds): void {
    const passedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    const most = MOST_CREDIT_MS * 1e6 * this.#options.share;
    this.#creditNs = Math.min(most, this.#creditNs + passedMs * 1e6 * this.#options.share);
  }

  /** Looks at a target that are due, with what each is worth for a nanosecond of CPU. */
  #wanted(nowMs: Milliseconds, offers: Offers, candidate: Candidate) {
    const { target, regretNs, lookedAtMs } = candidate;
    return this.#looks(nowMs, offers, candidate).flatMap((look) => {
      const last = lookedAtMs[look];
      // A look that a clock set back puts into the future is as good as none.
      const ageMs = last === undefined || last > nowMs ? undefined : nowMs - last;
      const isDue = ageMs === undefined || ageMs >= this.#options.refreshMs || (regretNs ?? 0) > 0;
      if (!isDue) return [];
      // No more than the most that can ever be saved up: what costs more is taken when that is there, and owed for.
      const most = MOST_CREDIT_MS * 1e6 * this.#options.share;
      const known = this.#costs.get(`${look} ${target}`) ?? this.#costs.get(look);
      const expectedNs = known === undefined ? undefined : Math.min(most, known);
      const value =
        regretNs === undefined || ageMs === undefined ? UNSEEN_NS : regretNs * (ageMs / 1000) + ageMs;
      const windowMs = isWatching(look) ? WATCHED_MS : 0;
      const choice: Choice = { target, look, windowMs, expectedNs, why: whyLook(regretNs, ageMs) };
      return [{ choice, worth: value / Math.max(1, expectedNs ?? 1) }];
    });
  }

  /** The first look for heat that is offered and allowed, and all others that are. */
  #looks(nowMs: Milliseconds, offers: Offers, { looks }: Candidate): readonly LookName[] {
    const can = (look: LookName) => {
      const shunned = this.#shunned.get(look);
      return looks.includes(look) && offers[look] === true && !(shunned && nowMs < shunned.untilMs);
    };
    const heat = LOOKS_FOR_HEAT.find(can);
    return [...(heat === undefined ? [] : [heat]), ...OTHER_LOOKS.filter(can)];
  }

  #whyNothing(offers: Offers, candidates: readonly Candidate[]): string {
    if (candidates.length === 0) return 'there is no target';
    const reasons = Object.entries(offers).flatMap(([look, offer]) =>
      typeof offer === 'string' ? [`${look}: ${offer}`] : [],
    );
    const shunned = [...this.#shunned].map(([look, { why }]) => `${look}: ${why}`);
    return ['all that is known is fresh enough', ...reasons, ...shunned].join('; ');
  }
}

function isWatching(look: LookName): boolean {
  return (LOOKS_FOR_HEAT as readonly string[]).includes(look);
}

function whyLook(regretNs: Nanoseconds | undefined, ageMs: Milliseconds | undefined): string {
  if (ageMs === undefined) return 'it was not looked at yet';
  if ((regretNs ?? 0) > 0)
    return `choices without it are expected to cost ${Math.round((regretNs ?? 0) / 1000)} µs a second`;
  return `what is known is ${Math.round(ageMs / 1000)} s old`;
}
