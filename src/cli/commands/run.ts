import { OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import {
  type DryRunFlags,
  dryRunFlags,
  optionalTargetParameter,
  parseCount,
  parseDuration,
  type StateFlags,
  stateFlags,
  type TurnFlags,
  turnFlags,
  turnRequest,
} from '../flags.js';
import { showPlan } from '../print/plan.js';
import { APPLY_EXITS, applyNow, describePlan, journalPlace, planNow } from '../turns.js';

type Flags = TurnFlags &
  StateFlags &
  DryRunFlags & {
    readonly json: boolean;
    readonly every?: number;
    readonly turns?: number;
  };

export const runCommand = command<Flags, [string?]>(
  {
    brief: 'plan and apply in one go, once or again and again',
    description: [
      'One whole turn: observe, read, plan, act, verify, journal. With --every it goes on in the foreground until it is',
      'interrupted or the target ends; blocks that khugepaged collapses again are reported and left alone, twice as long',
      'each time.',
    ].join('\n'),
    examples: [
      ['octavo run 4711 --policy return-empty --dry-run', 'show the plan and its calls, change nothing'],
      ['octavo run redis-server --every 30s', 'keep a service in shape'],
      ['octavo run all --only redis-server --every 5m --max-bytes 512M', 'with a hard cap for each turn'],
    ],
    exits: APPLY_EXITS,
  },
  {
    flags: {
      ...turnFlags,
      ...stateFlags,
      json: jsonFlag,
      ...dryRunFlags,
      every: {
        kind: 'parsed',
        parse: parseDuration,
        brief: 'Take a turn this often until interrupted',
        optional: true,
        placeholder: 'duration',
      },
      turns: {
        kind: 'parsed',
        parse: parseCount,
        brief: 'With --every: end after this many turns',
        optional: true,
        placeholder: 'count',
      },
    },
    positional: optionalTargetParameter,
  },
  async function (flags, target) {
    if (flags.every === undefined) return turn(this, flags, target);
    for (let taken = 1; !this.signal.aborted; taken++) {
      const started = this.host.clock.monotonicNs();
      if (!(await turnUnlessGone(this, flags, target, taken > 1))) return;
      if (flags.turns !== undefined && taken >= flags.turns) return;
      const elapsedMs = (this.host.clock.monotonicNs() - started) / 1e6;
      await this.host.clock.sleep(Math.max(0, flags.every - elapsedMs), this.signal);
    }
  },
);

async function turn(context: OctavoContext, flags: Flags, target: string | undefined): Promise<void> {
  const place = journalPlace(context, flags.state);
  const acting = { ...flags, askDamon: !flags.dryRun };
  const request = { ...turnRequest(target, flags, context.host.identity.geometry), acting };
  const { plan } = await planNow(context, place, request, !flags.dryRun);
  if (!flags.json) context.print(showPlan(plan));
  if (flags.dryRun) {
    const calls = await describePlan(context, plan, flags);
    if (flags.json) context.printJson({ octavo: 'dry-run', version: 1, plan, calls });
    else for (const call of calls) context.print(call);
    return;
  }
  if (plan.steps.length > 0) {
    await applyNow(context, place, plan, flags.json, acting);
    return;
  }
  if (flags.json)
    context.printJson({
      octavo: 'run',
      version: 1,
      run: null,
      plan: plan.id,
      how: 'complete',
      why: 'nothing to do',
      receipts: [],
      verdicts: [],
      recovered: [],
      doneBefore: [],
    });
  else context.print('Nothing to do.');
}

/** A target that ends between turns ends the loop, normally. */
async function turnUnlessGone(
  context: OctavoContext,
  flags: Flags,
  target: string | undefined,
  later: boolean,
): Promise<boolean> {
  try {
    await turn(context, flags, target);
    return true;
  } catch (problem) {
    const gone =
      problem instanceof OctavoError &&
      (problem.code === 'TARGET_GONE' || problem.code === 'TARGET_NOT_FOUND');
    if (!gone || !later) throw problem;
    context.remark(`octavo: ${problem.message}; the loop ends`);
    return false;
  }
}
