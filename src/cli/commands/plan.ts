import { KINDS, type Kinds } from '../../config/kinds.js';
import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import { type TurnFlags, turnFlagsOf, turnRequest } from '../flags.js';
import { showPlan } from '../print/plan.js';
import { optionalTargetParameter, parseWord, type StateFlags, stateFlags } from '../shared-flags.js';
import { journalPlace, planNow, writePlanFile } from '../turns.js';

type Flags = TurnFlags &
  StateFlags & {
    readonly json: boolean;
    readonly out?: string;
  };

/** The command over some kinds: their parameters are its options. */
export const planCommandOf = (kinds: Kinds) =>
  command<Flags, [string?]>(
    {
      brief: 'say what to split or collapse, why, what it brings and what it costs',
      effect: {
        kind: 'acts',
        what: 'starts a kdamond, which clears accessed bits while it watches, and puts DAMON back as found',
        when: '--source damon-regions',
      },
      description: [
        'Looks at a target’s page sizes, reads what is known below 2 MiB, asks a policy, and prints a plan: each step with',
        'its reason, gain and cost, whether it lasts, whether it can be undone, and everything that was refused or left',
        'alone, with the reason. Changes no memory. With --out the plan is kept for `octavo apply`. On arm64 the kernel',
        'marks the huge pages whose content is read (source occupancy) as accessed; on x86-64 nothing is left behind.',
      ].join('\n'),
      examples: [
        ['octavo plan redis-server', 'what would be done to every redis-server'],
        [
          'octavo plan 4711 --policy return-empty --out plan.json',
          'keep a plan that returns empty sub-pages',
        ],
        ['octavo plan 4711 --split 0x7f2a40000000', 'split just the block at that address'],
        ['octavo plan 4711 --perf perf.data', 'decide by the accesses that perf sampled'],
        ['octavo plan qemu-system-x86 --perf spe.data --resolve', 'find the pages of physical addresses'],
        ['octavo plan --heat heat.parquet', 'plan for the processes of a heat file'],
        [
          'octavo plan cgroup:/system.slice/db.service --deny backup --json',
          'a whole service, but not its backup',
        ],
      ],
      exits: [
        [EXIT.noTarget, 'no such target'],
        [EXIT.notPermitted, 'this user may not look into it'],
        [EXIT.notAble, 'this kernel has no THP'],
        [EXIT.refused, 'the target is never touched (kernel thread, init, Octavo itself, deny list)'],
      ],
    },
    {
      flags: {
        ...turnFlagsOf(kinds),
        ...stateFlags,
        json: jsonFlag,
        out: {
          kind: 'parsed',
          parse: parseWord,
          brief: 'Write the plan to this file; - is standard output, for `octavo apply -`',
          optional: true,
          placeholder: 'file',
        },
      },
      positional: optionalTargetParameter,
    },
    async function (flags, target) {
      const place = journalPlace(this, flags.state);
      const request = turnRequest(target, flags, this.host.identity.geometry, kinds);
      const { plan } = await planNow(this, place, request, false);
      const isPrinted = flags.out === '-';
      if (flags.out !== undefined && !isPrinted) writePlanFile(this, flags.out, plan);
      if (flags.json || isPrinted) this.printJson(plan);
      else {
        this.print(showPlan(plan));
        if (flags.out !== undefined)
          this.print(`\nWritten to ${flags.out}. Try: octavo apply ${flags.out} --dry-run`);
      }
    },
  );

/** `octavo plan TARGET` with Octavo's own policies, sources and actuators. */
export const planCommand = planCommandOf(KINDS);
