/**
 * The policy `octavo`: splits and collapses from one curve, in one currency. What it rests on is in docs/decisions/0920 to
 * 0923; how a block is judged in decide.ts.
 */
import * as z from 'zod';
import { Beliefs } from '../../belief/beliefs.js';
import type { ProcessBelief } from '../../belief/process-belief.js';
import { duration, words } from '../../vocabulary/kind.js';
import { unmappedPages } from '../../vocabulary/page-sizes.js';
import type { Proposal } from '../../vocabulary/plan.js';
import { type Translation, USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { collapseCost, collapseGain, splitCost, splitGain } from '../estimates.js';
import { Findings } from '../findings.js';
import { type Policy, type PolicyInput, type PolicyOutput, policyKind, type Wish } from '../policy.js';
import { type Decisions, decide } from './decide.js';
import type { Decision, Held } from './decision.js';
import { type Goal, parseGoal, USUAL_GOAL } from './goal.js';
import { ALL_PARTS, PARTS, type Parts } from './parts.js';
import { heldWords, outlookWords, reasonWords } from './reasons.js';
import { type Survey, Surveyor } from './survey.js';

const NAME = 'octavo';

/** Long enough for a split to pay, short enough for what is hot now to be hot still. */
const USUAL_HORIZON: Milliseconds = 600_000;
const SHORTEST: Milliseconds = 1000;
const LONGEST: Milliseconds = 30 * 86_400_000;
/** Wishes of a plan: what a sampler could look at next. */
const MOST_WISHES = 16;
/** Of blocks mapped page by page, unmapped pages are given back from this share on; no walk is lost by that. */
const LEAST_UNMAPPED = 1 / 64;

const PARAMETERS = z.strictObject({
  goal: words(parseGoal, {
    brief:
      'what to reach: a slowdown to stay within, balanced (most memory back for most speed kept), a share of the bloat or bytes to give back',
    placeholder: 'goal',
  }).default(USUAL_GOAL),
  horizon: duration({ brief: 'how long a change must pay within', min: SHORTEST, max: LONGEST }).default(
    USUAL_HORIZON,
  ),
});

const BRIEF = 'split and collapse by time against memory, as far as a goal asks and samples are sure';

/** The kind of policy behind `--policy octavo`. */
export const octavo = policyKind({
  brief: BRIEF,
  parameters: PARAMETERS,
  make: (knobs) => policyWith(knobs, ALL_PARTS),
});

/** The same with a switch for each of its parts: for comparisons, in no catalogue of users. */
export const octavoInParts = policyKind({
  brief: BRIEF,
  parameters: PARAMETERS.extend(PARTS),
  make: ({ goal, horizon, ...parts }) => policyWith({ goal, horizon }, parts),
});

function policyWith({ goal, horizon }: z.output<typeof PARAMETERS>, parts: Parts): Policy {
  const wanted: Wanted = { goal: parseGoal(goal), horizonSeconds: horizon / 1000, parts };
  return {
    name: NAME,
    usesBeliefs: parts.memory,
    propose: (input) => propose(wanted, [input])[0],
    proposeTogether: (inputs) => propose(wanted, inputs),
  };
}

interface Wanted {
  readonly goal: Goal;
  readonly horizonSeconds: number;
  readonly parts: Parts;
}

function propose(
  { goal, horizonSeconds, parts }: Wanted,
  inputs: readonly PolicyInput[],
): readonly PolicyOutput[] {
  if (inputs.length === 0) return [];
  const [{ facts, parameters, sizes }] = inputs;
  const cpu = cpuOf(facts?.translation ?? USUAL_TRANSLATION, parts);
  const processes = inputs.map((input) => ({ ...input, belief: input.facts?.belief ?? beliefOf(input) }));
  const survey = new Surveyor(sizes.geometry.pagesPerBlock, cpu).survey(processes);
  const decisions = decide({
    processes,
    survey,
    cpu,
    goal,
    horizonSeconds,
    parts,
    settings: facts?.settings,
    costs: parameters.costs,
    freeHugeBytes: facts?.freeHugeBytes,
    busyCpus: inputs.reduce((sum, input) => sum + (input.facts?.busyCpus ?? 1), 0),
  });
  const writer = new Writer(inputs, survey, decisions, horizonSeconds);
  return inputs.map((_, index) => writer.outputOf(index));
}

/** Without the times that depend on page tables, walks take what they take on the whole. */
function cpuOf(cpu: Translation, { tables }: Parts): Translation {
  if (tables) return cpu;
  const { tables: _, ...constant } = cpu;
  return constant;
}

/** Of a policy that is asked once, without a cycle behind it: what the samples of this turn alone teach. */
function beliefOf({ sizes, heat }: PolicyInput): ProcessBelief {
  const windowNs = heat?.origins.find(({ tells }) => tells === 'heat')?.windowNs;
  const time = { elapsedSeconds: 0, windowSeconds: (windowNs ?? 1e9) / 1e9, atMs: 0 };
  return new Beliefs({ geometry: sizes.geometry }).learn(sizes.process, heat, time);
}

/** Decisions as outputs, one for each process. */
class Writer {
  readonly #inputs: readonly PolicyInput[];
  readonly #survey: Survey;
  readonly #decisions: Decisions;
  readonly #horizonSeconds: number;

  constructor(inputs: readonly PolicyInput[], survey: Survey, decisions: Decisions, horizonSeconds: number) {
    this.#inputs = inputs;
    this.#survey = survey;
    this.#decisions = decisions;
    this.#horizonSeconds = horizonSeconds;
  }

  outputOf(process: number): PolicyOutput {
    const input = this.#inputs[process];
    const findings = new Findings(NAME, input.sizes.process);
    const { acts, held } = this.#decisions;
    const isOwn = ({ block }: { readonly block: number }) => this.#survey.process[block] === process;
    const proposals = acts.filter(isOwn).flatMap((act) => this.#proposal(input, act, findings));
    const own = held.filter(isOwn);
    const walks = this.#decisions.walks.get(process);
    for (const one of own) findings.add(...heldWords(one), this.#blockOf(input, one.block));
    return {
      proposals: [...proposals, ...unmappedProposals(input)],
      passedOver: findings.passedOver(),
      wishes: this.#wishes(input, own),
      ...(walks === undefined ? {} : { walks }),
      notes: process === 0 ? outlookWords(this.#decisions, this.#survey, this.#inputs[0].facts) : [],
    };
  }

  #blockOf({ sizes }: PolicyInput, block: number): number {
    return sizes.blocks.block[this.#survey.row[block]];
  }

  #wishes(input: PolicyInput, held: readonly Held[]): readonly Wish[] {
    return held
      .filter(({ why, regretNs }) => (why === 'unknown' || why === 'blind') && regretNs > 0)
      .sort((one, other) => other.regretNs - one.regretNs)
      .slice(0, MOST_WISHES)
      .map(({ block, regretNs }) => ({
        process: input.sizes.process,
        block: this.#blockOf(input, block),
        regretNs,
      }));
  }

  #proposal(input: PolicyInput, act: Decision, findings: Findings): readonly Proposal[] {
    const { sizes, parameters } = input;
    const { geometry, process, blocks } = sizes;
    const block = this.#blockOf(input, act.block);
    const isSplit = act.action === 'split';
    const targetOrder = parameters.order ?? (isSplit ? 0 : geometry.hugeOrder);
    if (isSplit && targetOrder > 0) {
      findings.add(
        'no-gain',
        `a split to order ${targetOrder} frees little or nothing, only order 0 does`,
        block,
      );
      return [];
    }
    const present = blocks.present[this.#survey.row[act.block]];
    const freed = geometry.pagesPerBlock - this.#survey.used[act.block];
    const facts = { targetOrder, mappedByPmd: true, freed, coldPages: 0 };
    const cost = isSplit
      ? splitCost(facts, geometry, parameters.costs)
      : collapseCost(present, geometry, parameters.costs);
    const { gainedNs, lostNs, bytes, chance } = act;
    return [
      {
        process,
        block,
        action: act.action,
        targetOrder,
        policy: NAME,
        reason: reasonWords(act, this.#survey, geometry.pagesPerBlock),
        gain: {
          ...(isSplit ? splitGain(facts, geometry) : collapseGain(targetOrder, geometry)),
          expected: { gainedNs, lostNs, bytes, chance },
        },
        cost,
        priority: this.#priority(act, cost.durationUs),
      },
    ];
  }

  /** Worth a second at the price of the cut, for each microsecond that the change takes. */
  #priority({ gainedNs, lostNs, bytes }: Decision, durationUs: number): number {
    const worth = gainedNs - lostNs + this.#decisions.cut.price * bytes;
    return Math.max(0, worth * this.#horizonSeconds) / Math.max(1, durationUs);
  }
}

/** Folios mapped page by page of which pages are mapped by no process: they go back, and no huge translation is lost. */
function unmappedProposals({ sizes, parameters }: PolicyInput): readonly Proposal[] {
  const { blocks, geometry, mappings, process } = sizes;
  const least = LEAST_UNMAPPED * geometry.pagesPerBlock;
  const proposals: Proposal[] = [];
  if ((parameters.order ?? 0) !== 0) return [];
  for (let row = 0; row < blocks.count; row++) {
    if (mappings[blocks.mapping[row]].kind !== 'anon' || blocks.level[row] !== 1) continue;
    const unmapped = unmappedPages(blocks, row);
    if (unmapped === undefined || unmapped < least) continue;
    const facts = { targetOrder: 0, mappedByPmd: false, freed: unmapped, coldPages: 0 };
    const bytes = unmapped * geometry.pageBytes;
    proposals.push({
      process,
      block: blocks.block[row],
      action: 'split',
      targetOrder: 0,
      policy: NAME,
      reason: `${unmapped} pages are held for nothing, mapped by no process: ${bytes / 1024} KiB go back, no walk is lost`,
      gain: { ...splitGain(facts, geometry), expected: { gainedNs: 0, lostNs: 0, bytes, chance: 1 } },
      cost: splitCost(facts, geometry, parameters.costs),
      priority: bytes,
    });
  }
  return proposals;
}
