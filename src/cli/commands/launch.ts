import type { ThpRule } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { command } from '../command.js';

type Flags = {
  readonly thp: ThpRule;
};

export const launchCommand = command<Flags, string[]>(
  {
    brief: 'start a program so that only Octavo gives it huge pages',
    description: [
      'Starts a program under prctl(PR_SET_THP_DISABLE): with `except-advised` neither faults nor khugepaged give it huge',
      'pages except where it asked by MADV_HUGEPAGE, while MADV_COLLAPSE still works. What Octavo splits stays split,',
      'and what it collapses is huge. With `never` no huge page is made at all. Changes no global setting.',
    ].join('\n'),
    examples: [
      ['octavo launch -- redis-server /etc/redis.conf', 'let Octavo alone decide about its huge pages'],
      ['octavo launch --thp never -- batch-job', 'no huge pages for this one'],
    ],
    exits: [
      [3, 'there is no such program'],
      [6, 'this kernel does not know the rule (except-advised needs Linux 6.18)'],
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
  async function (flags, name, ...parameters) {
    const launched = this.host.calls.launch(name, parameters, flags.thp);
    if (!launched.ok) {
      const { errno, call, unasked } = launched.error;
      if (unasked !== undefined) throw new OctavoError('CALLS_MISSING', { call, reason: unasked });
      if (errno === 'ENOENT') throw new OctavoError('FILE_UNREADABLE', { path: name, errno });
      throw new OctavoError('ABILITY_MISSING', {
        ability: `launching under \`--thp ${flags.thp}\``,
        reason: `${call} answered ${errno}`,
        remedy: 'Use --thp never, or set the system-wide THP knobs.',
      });
    }
    const ended = await launched.value.ended;
    this.endsWithCode(typeof ended === 'number' ? ended : 128);
  },
);
