import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { countBetween, parseWord } from '../parameters.js';
import type { SimulateFlags } from '../simulate/simulate.js';

/** `octavo simulate SCENARIO`: the same scenario and seed give the same output. */
export const simulateCommand = command<SimulateFlags, [string?]>(
  {
    brief: 'run a scenario on the model kernel: processes, khugepaged, TLBs, Octavo',
    effect: LOOKS,
    description: [
      'Runs a host, its processes and their workloads in virtual time and prints what became of memory and speed:',
      'a timeline, and an outcome with accesses a second relative to all-4K and all-2M. The same scenario and seed',
      'give the same output on any machine. Needs no rights and touches nothing of this machine.',
    ].join('\n'),
    examples: [
      ['octavo simulate --list', 'ready scenarios, CPUs and workloads'],
      ['octavo simulate thp-always', 'a ready scenario'],
      ['octavo simulate my.yaml --seed 7 --json', 'your own, for a script'],
      ['octavo simulate zipf --sweep host.cpu=neoverse-n1,zen4,ice-lake', 'the same on three CPUs'],
      ['octavo simulate zipf --record perf.data', 'write what its PMU sampled as perf.data'],
      ['octavo simulate redis --html redis.html', 'the whole story as a page, with heat over time'],
    ],
    exits: [[EXIT.badInput, 'the scenario is wrong: file, line and key are told, nothing was run']],
  },
  {
    flags: {
      json: jsonFlag,
      list: {
        kind: 'boolean',
        brief: 'Show ready scenarios, CPUs and workloads',
        default: false,
        withNegated: false,
      },
      seed: {
        kind: 'parsed',
        parse: countBetween(0, 0xffffffff),
        brief: 'Seed; the scenario’s own otherwise',
        optional: true,
      },
      sweep: {
        kind: 'parsed',
        parse: parseWord,
        brief:
          'Run once for each VALUE of KEY (KEY=VALUE,VALUE… or KEY=[A,B],[C,D]), on all processors; again for a grid',
        optional: true,
        variadic: true,
        placeholder: 'key=values',
      },
      record: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write the samples of the scenario’s PMU as perf.data to FILE; - is standard output',
        optional: true,
        placeholder: 'file',
      },
      heat: {
        kind: 'boolean',
        brief: 'Keep where accesses went over time, in the document of --json: `octavo report` draws it',
        default: false,
        withNegated: false,
      },
      html: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write the whole story as a page to FILE; - is standard output',
        optional: true,
        placeholder: 'file',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'scenario',
          brief: 'A file, or the name of a ready one',
          parse: parseWord,
          optional: true,
        },
      ],
    },
  },
  async function (flags, given) {
    // The simulator is large; nothing but this command needs it.
    const { simulate } = await import('../simulate/simulate.js');
    await simulate(this, flags, given);
  },
);
