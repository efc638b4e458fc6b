/** One turn of one target: what it may do now, the turn itself, and what is learned from its outcome. */
import type { Host } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Plan, Verdict } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { Target } from '../configuration/configuration.js';
import type { TargetGuards } from '../guarding/target-guards.js';
import { expectedOf, usedBy, withinAllowance } from '../life/allowance.js';
import type { TargetLife, TurnEnd } from '../life/target-life.js';
import { isWithin } from '../patterns/hours.js';
import type { GoingTurn } from './going-turn.js';
import type { Hands, Order, Taken, TurnWatch } from './hands.js';

/** How a turn ended, and what was seen and done if it was taken at all. */
export interface TurnResult {
  readonly end: TurnEnd;
  readonly why: string;
  readonly taken: Taken | undefined;
}

/** A target with its life and guards, and what takes the turn. */
export interface TurnParts {
  readonly host: Host;
  readonly hands: Hands;
  /** The target and its processes, and whether the turn was withdrawn meanwhile. */
  readonly turn: GoingTurn;
  readonly life: TargetLife;
  readonly guards: TargetGuards;
  readonly watch: Pick<TurnWatch, 'tend' | 'sleep'>;
}

/**
 * Takes one turn. Only plans where guards, hours, back-off or allowances hold it; failures are results, not
 * exceptions.
 */
export async function takeTargetTurn(parts: TurnParts): Promise<TurnResult> {
  const { host, hands, turn, life } = parts;
  const { target, processes, signal } = turn;
  const nowMs = () => host.clock.monotonicNs() / 1e6;
  const why = whyHeld(parts);
  const act = target.act && why === '';
  turn.acts = act;
  const allowed = (plan: Plan) => {
    const within = withinAllowance(plan, life.allowance.left(nowMs(), target.timed));
    turn.planned = expectedOf(within);
    return within;
  };
  try {
    const taken = await hands.take(orderOf(target, processes, act), { ...parts.watch, signal, allowed });
    return learned(parts, taken, { nowMs: nowMs(), why, act });
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return failed(parts, problem, nowMs());
  }
}

/**
 * Why a target that may be acted on is only observed now; empty when it is acted on, or never may be. `byItself`: it is a
 * turn of the agent's own, which a pause holds.
 */
export function whyHeld({ host, turn: { target }, life, guards }: TurnParts, byItself = true): string {
  if (!target.act) return '';
  if (byItself && life.pausedSinceMs !== undefined) return PAUSED;
  if (!isWithin(target.hours, host.clock.wallMs())) return 'outside its hours';
  return guards.decision.why.join('; ');
}

/** Why a paused target is held, in words. */
export const PAUSED = 'paused by somebody, until it is resumed';

function orderOf(target: Target, processes: readonly ProcessIdentity[], act: boolean): Order {
  const {
    name,
    policy,
    parameters,
    sources,
    sourceParameters,
    actuators,
    actuatorParameters,
    halfLifeMs,
    budgets,
  } = target;
  return {
    ...{ target: name, processes, act, policy, parameters, sources, sourceParameters },
    ...{ actuators, actuatorParameters, halfLifeMs, budgets },
  };
}

interface Outlook {
  readonly nowMs: Milliseconds;
  readonly why: string;
  readonly act: boolean;
}

function learned(parts: TurnParts, taken: Taken, { nowMs, why, act }: Outlook): TurnResult {
  const { turn, life, guards } = parts;
  const { plan, done, undone, cameBack } = taken;
  const verdicts = done?.verdicts ?? [];
  life.allowance.note(nowMs, usedBy(done?.receipts ?? [], plan.geometry.blockBytes));
  const met = metOf(verdicts);
  const notMet = failuresOf(verdicts);
  life.add({
    ...{ turns: 1, met, notMet, refused: plan.refused.length },
    ...{ undone, returnedBytes: returnedBy(verdicts), cameBackBytes: cameBack },
  });
  const heldNs = (done?.receipts ?? []).reduce(
    (sum, { tried, durationUs }) => sum + (tried ? durationUs * 1000 : 0),
    0,
  );
  guards.note({ acted: verdicts.length > 0, met, notMet, heldNs });
  if (done?.how === 'stopped') return { end: 'held', why: done.why, taken };
  if (done?.how !== 'complete' && turn.withdrawn !== '') return { end: 'held', why: turn.withdrawn, taken };
  if (why !== '') return { end: 'held', why, taken };
  if (!act) return { end: 'observed', why: '', taken };
  return { end: done === undefined ? 'nothing-to-do' : 'acted', why: '', taken };
}

/** Returns how many verdicts say that the step was met in full. */
export function metOf(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ outcome }) => outcome === 'met').length;
}

/**
 * Steps that were not met although there was something to do: a process that ended, or gave the memory back before the
 * step, says nothing of how well acts go here.
 */
export function failuresOf(verdicts: readonly Verdict[]): number {
  return verdicts.filter(
    ({ outcome, cause, before }) => outcome !== 'met' && cause !== 'target-gone' && before.level !== 'none',
  ).length;
}

/** Bytes that the system got back; what is not known counts as nothing. */
export function returnedBy(verdicts: readonly Verdict[]): Bytes {
  return verdicts.reduce((sum, { returnedBytes }) => sum + (returnedBytes ?? 0), 0);
}

/** Denials that pass by themselves. */
const NO_FAILURES: ReadonlySet<string> = new Set(['busy', 'too-soon', 'over-budget', 'stale']);

/** A target that went away is no failure, nor is another Octavo at work. */
function failed({ turn, life, guards }: TurnParts, problem: OctavoError, nowMs: Milliseconds): TurnResult {
  const why = `${problem.code}: ${problem.message}`;
  if (turn.withdrawn !== '') return { end: 'held', why: turn.withdrawn, taken: undefined };
  if (problem.code === 'STOPPED' || problem.code === 'STOPPED_MIDWAY') throw problem;
  if (problem.code === 'TARGET_GONE' || problem.code === 'TARGET_NOT_FOUND')
    return { end: 'gone', why, taken: undefined };
  // The acting side may learn a moment later what a pod is called; what it never allows is no failure of the target either.
  if (problem.code === 'HANDS_DENIED' && problem.facts.denial === 'not-a-target')
    return { end: 'gone', why, taken: undefined };
  // Its hours ended while it was planned for, or the acting side has read another configuration already.
  if (problem.code === 'HANDS_DENIED' && problem.facts.denial === 'not-now')
    return { end: 'held', why: String(problem.facts.why), taken: undefined };
  if (problem.code === 'HANDS_DENIED' && NO_FAILURES.has(String(problem.facts.denial)))
    return { end: 'busy', why, taken: undefined };
  guards.fail(nowMs, why);
  life.add({ failures: 1 });
  return { end: 'failed', why, taken: undefined };
}
