/** A plan that a person asked for, carried out as the target's own plans are: within hours, guards, back-off and budgets. */
import { OctavoError } from '../../vocabulary/errors.js';
import type { Plan } from '../../vocabulary/plan.js';
import { expectedOf, usedBy, withinAllowance } from '../life/allowance.js';
import { failuresOf, metOf, returnedBy, type TurnParts, whyHeld } from './target-turn.js';

/** What came of it, in words for who asked. */
export interface AskedEnd {
  readonly isDone: boolean;
  readonly words: string;
  /** The run that did it; empty when nothing was done. */
  readonly run: string;
}

const refused = (words: string): AskedEnd => ({ isDone: false, words, run: '' });

/**
 * Carries the plan out as far as the target allows it now. A pause keeps the agent's own turns from acting, and no person. What
 * the acting side refuses is an answer, and no failure of the target.
 */
export async function takeAskedTurn(parts: TurnParts, plan: Plan): Promise<AskedEnd> {
  const { host, hands, turn, life, guards, watch } = parts;
  const { target, signal } = turn;
  if (!target.act) return refused(`${target.name} is only watched (act: false in its configuration)`);
  const why = whyHeld(parts, false);
  if (why !== '') return refused(why);
  const nowMs = () => host.clock.monotonicNs() / 1e6;
  const allowed = withinAllowance(plan, life.allowance.left(nowMs(), target.timed));
  if (allowed.steps.length === 0) return refused(allowed.refused.at(-1)?.why ?? 'the plan has no steps');
  turn.acts = true;
  turn.planned = expectedOf(allowed);
  try {
    const done = await hands.carryOut(allowed, { ...watch, signal, allowed: (one) => one });
    const used = usedBy(done.receipts, plan.geometry.blockBytes);
    const [met, notMet] = [metOf(done.verdicts), failuresOf(done.verdicts)];
    life.allowance.note(nowMs(), used);
    life.add({ met, notMet, returnedBytes: returnedBy(done.verdicts) });
    guards.note({ acted: done.verdicts.length > 0, met, notMet, heldNs: used.lockMs * 1e6 });
    const left = plan.steps.length - allowed.steps.length;
    const rest = left === 0 ? '' : `; ${left} did not fit into what its budgets have left`;
    const how = done.how === 'complete' ? '' : `; ${done.how}: ${turn.withdrawn || done.why}`;
    return {
      isDone: true,
      words: `${met} of ${done.verdicts.length} steps met${rest}${how}`,
      run: done.run ?? '',
    };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    if (turn.withdrawn !== '') return refused(turn.withdrawn);
    return refused(String(problem.code === 'HANDS_DENIED' ? problem.facts.why : problem.message));
  }
}
