import { type ActuatorFlags, actuatorFlags, actuatorParameters } from '../actuator-flags.js';
import { command, jsonFlag } from '../command.js';
import { budgetsOf, type GuardFlags, guardFlags } from '../guard-flags.js';
import { type KeepFlags, keepFlags } from '../keep-flags.js';
import { parseWord } from '../parameters.js';
import { type DryRunFlags, dryRunFlags, type StateFlags, stateFlags } from '../shared-flags.js';
import { APPLY_EXITS, applyNow, describePlan, journalPlace, readPlanFile } from '../turns.js';

type Flags = StateFlags &
  ActuatorFlags &
  GuardFlags &
  DryRunFlags &
  KeepFlags & {
    readonly json: boolean;
  };

/** `octavo apply PLAN`: acts. Exit code 0 only when every step was met. */
export const applyCommand = command<Flags, [string]>(
  {
    brief: 'carry out a plan inside its budgets, verify it, and journal it',
    effect: { kind: 'acts', what: 'splits and collapses what the plan says' },
    description: [
      'Announces every batch in a journal before acting, acts, looks at page sizes, and writes the verdicts. Stops after',
      'the current batch on SIGINT, SIGTERM or SIGHUP. A run that was killed is settled from its journal at the next start, and',
      'applying the same plan again goes on where it stopped. The bounds are the plan’s unless given here.',
    ].join('\n'),
    examples: [
      ['octavo apply plan.json --dry-run', 'print the exact calls and writes'],
      ['octavo apply plan.json', 'carry it out'],
      ['octavo apply plan.json --lock-share 2%', 'slower than the plan says'],
      ['octavo plan 4711 --json | octavo apply -', 'a plan from a pipe'],
      ['octavo undo RUN', 'take it back'],
    ],
    exits: APPLY_EXITS,
  },
  {
    flags: {
      ...stateFlags,
      ...actuatorFlags,
      ...guardFlags,
      json: jsonFlag,
      ...dryRunFlags,
      ...keepFlags,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'plan',
          brief: 'File written by octavo plan --out, - for standard input',
          parse: parseWord,
        },
      ],
    },
  },
  async function (flags, path) {
    const made = await readPlanFile(this, path);
    const bounds = budgetsOf(flags, this.host.identity.geometry.blockBytes);
    const plan = { ...made, budgets: { ...made.budgets, ...bounds } };
    if (flags.dryRun) {
      const calls = await describePlan(this, plan, { parameters: actuatorParameters(flags) });
      if (flags.json) this.printJson({ octavo: 'dry-run', version: 1, plan: plan.id, calls });
      else for (const call of calls) this.print(call);
      return;
    }
    const acting = { parameters: actuatorParameters(flags) };
    await applyNow(this, journalPlace(this, flags.state), plan, { ...flags, acting });
  },
);
