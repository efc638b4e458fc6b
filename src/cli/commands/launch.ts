import type { Refusal, ThpRule } from '../../host/host.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command } from '../command.js';

type Flags = {
  readonly thp: ThpRule;
};

/** `octavo launch -- PROGRAM`: becomes the program, so nothing of Octavo runs behind it. */
export const launchCommand = command<Flags, string[]>(
  {
    brief: 'start a program so that only Octavo gives it huge pages',
    effect: { kind: 'acts', what: 'starts a program under another THP rule' },
    description: [
      'Becomes a program under prctl(PR_SET_THP_DISABLE), with the same pid, streams, environment and signals, so that a',
      'service manager, nohup or a container sees the program itself: with `except-advised` neither faults nor khugepaged give it huge',
      'pages except where it asked by MADV_HUGEPAGE, while MADV_COLLAPSE still works. What Octavo splits stays split,',
      'and what it collapses is huge. With `never` no huge page is made at all. Changes no global setting.',
    ].join('\n'),
    examples: [
      ['octavo launch -- redis-server /etc/redis.conf', 'let Octavo alone decide about its huge pages'],
      ['octavo launch --thp never -- batch-job', 'no huge pages for this one'],
    ],
    exits: [
      [EXIT.notAble, 'this kernel does not know the rule (except-advised needs Linux 6.18)'],
      [EXIT.cannotRun, 'the program cannot be run'],
      [EXIT.notFound, 'there is no such program; every other code is the program’s own'],
    ],
  },
  {
    flags: {
      thp: {
        kind: 'enum',
        values: ['except-advised', 'never'],
        brief: 'Where the program may get huge pages by itself',
        default: 'except-advised',
      },
    },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: { placeholder: 'command', brief: 'The program and its arguments, after --', parse: String },
    },
  },
  function (flags, program, ...parameters) {
    throw whyNot(this.host.calls.become(program, parameters, flags.thp), program, flags.thp);
  },
);

/** `become` returns only when it was refused. */
function whyNot({ errno, call, unasked }: Refusal, program: string, rule: ThpRule): OctavoError {
  if (unasked !== undefined) return new OctavoError('CALLS_MISSING', { call, reason: unasked });
  if (!call.startsWith('execve')) {
    return new OctavoError('ABILITY_MISSING', {
      ability: `launching under \`--thp ${rule}\``,
      reason: `${call} answered ${errno}`,
      remedy: 'Use --thp never, or set the system-wide THP knobs.',
    });
  }
  const missing = errno === 'ENOENT' || errno === 'ENOTDIR';
  return new OctavoError(missing ? 'PROGRAM_NOT_FOUND' : 'PROGRAM_NOT_RUN', { program, errno });
}
