import type { Acting } from '../../config/assemble.js';
import { KINDS } from '../../config/kinds.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { type TurnFlags, turnFlagsOf, turnRequest } from '../flags.js';
import { type KeepFlags, keepFlags } from '../keep-flags.js';
import { countBetween, parsePeriod } from '../parameters.js';
import { showPlan } from '../print/plan.js';
import {
  type DryRunFlags,
  dryRunFlags,
  optionalTargetParameter,
  type StateFlags,
  stateFlags,
} from '../shared-flags.js';
import { APPLY_EXITS, applyNow, describePlan, journalPlace, planNow } from '../turns.js';

type Flags = TurnFlags &
  StateFlags &
  DryRunFlags &
  KeepFlags & {
    readonly json: boolean;
    readonly every?: number;
    readonly turns?: number;
  };

/** `octavo run TARGET`: observe, decide, act and verify, once or with `--every`. */
export const runCommand = command<Flags, [string?]>(
  {
    brief: 'plan and apply in one go, once or again and again',
    effect: { kind: 'acts', what: 'splits and collapses what it plans' },
    description: [
      'One whole turn: observe, read, plan, act, verify, journal. With --every it goes on in the foreground until it is',
      'interrupted; it waits for a name or cgroup that is not there, and ends with a pid. Blocks that khugepaged collapses',
      'again are reported and left alone, twice as long each time. With --every --json each turn is one line of JSON.',
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
      ...turnFlagsOf(KINDS),
      ...stateFlags,
      json: jsonFlag,
      ...dryRunFlags,
      ...keepFlags,
      every: {
        kind: 'parsed',
        parse: parsePeriod,
        brief: 'Take a turn this often until interrupted',
        optional: true,
        placeholder: 'duration',
      },
      turns: {
        kind: 'parsed',
        parse: countBetween(1, 1e9),
        brief: 'With --every: end after this many turns',
        optional: true,
        placeholder: 'count',
      },
    },
    positional: optionalTargetParameter,
  },
  async function (flags, target) {
    if (flags.turns !== undefined && flags.every === undefined) {
      throw new OctavoError('USAGE', { problem: '--turns is for --every', command: 'run' });
    }
    if (flags.every === undefined) return turn(this, flags, target);
    if (flags.json) this.useJsonLines();
    const away = new Away(this, target, flags.json);
    for (let taken = 1; !this.signal.aborted; taken++) {
      const started = this.host.clock.monotonicNs();
      if (!(await turnUnlessGone(this, flags, target, away))) return;
      if (flags.turns !== undefined && taken >= flags.turns) return;
      const elapsedMs = (this.host.clock.monotonicNs() - started) / 1e6;
      await this.host.clock.sleep(Math.max(0, flags.every - elapsedMs), this.signal);
    }
    this.endsWith('interrupted');
  },
);

async function turn(context: OctavoContext, flags: Flags, target: string | undefined): Promise<void> {
  const place = journalPlace(context, flags.state);
  const request = turnRequest(target, flags, context.host.identity.geometry);
  const acting: Acting = { parameters: request.actuatorParameters, askDamon: !flags.dryRun };
  const { plan } = await planNow(context, place, { ...request, askDamon: !flags.dryRun }, !flags.dryRun);
  if (!flags.json) context.print(showPlan(plan));
  if (flags.dryRun) {
    const calls = await describePlan(context, plan, acting);
    if (flags.json) context.printJson({ octavo: 'dry-run', version: 1, plan, calls });
    else for (const call of calls) context.print(call);
    return;
  }
  if (plan.steps.length > 0) {
    await applyNow(context, place, plan, { ...flags, acting });
    return;
  }
  if (flags.json)
    context.printJson({ ...NOTHING_DONE, plan: plan.id, why: 'nothing to do', notes: plan.notes });
  else context.print('Nothing to do.');
}

/** The document of a turn that did nothing. */
const NOTHING_DONE = {
  octavo: 'run',
  version: 1,
  run: null,
  plan: null,
  how: 'complete',
  why: '',
  receipts: [],
  verdicts: [],
  notes: [],
  recovered: [],
  doneBefore: [],
};

/** A target that is not there at the moment. */
class Away {
  readonly #context: OctavoContext;
  readonly #target: string | undefined;
  readonly #json: boolean;
  #seen = false;
  #told = false;

  constructor(context: OctavoContext, target: string | undefined, json: boolean) {
    this.#context = context;
    this.#target = target;
    this.#json = json;
  }

  /** A turn has found it. */
  found(): void {
    this.#seen = true;
    this.#told = false;
  }

  /**
   * Whether to wait for it. A service comes back under its name; a pid does not come back, and one that never was is
   * a mistake.
   */
  waits(problem: OctavoError): boolean {
    const isPid = this.#target === undefined || /^\d+$/.test(this.#target);
    if (isPid && !this.#seen) throw problem;
    const why = `${problem.message}; ${isPid ? 'the loop ends' : 'waiting for it'}`;
    if (!this.#told || isPid) this.#context.remark(`octavo: ${why}`);
    if (this.#json && !this.#told) this.#context.printJson({ ...NOTHING_DONE, why });
    this.#told = true;
    return !isPid;
  }
}

/** Returns whether the loop goes on. A pid that ends between turns ends it, normally. */
async function turnUnlessGone(
  context: OctavoContext,
  flags: Flags,
  target: string | undefined,
  away: Away,
): Promise<boolean> {
  try {
    await turn(context, flags, target);
    away.found();
    return true;
  } catch (problem) {
    const gone =
      problem instanceof OctavoError &&
      ['TARGET_GONE', 'TARGET_NOT_FOUND', 'RECORDED_GONE'].includes(problem.code);
    if (!gone) throw problem;
    return away.waits(problem);
  }
}
