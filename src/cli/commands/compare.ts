import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { CompareFlags } from '../compare/compare.js';
import { countBetween, factorBetween, listOf, parseWord, wordOr } from '../parameters.js';

/** `octavo compare`: runs on the model only. */
export const compareCommand = command<CompareFlags, string[]>(
  {
    brief: 'compare policies on the model: memory given back, speed kept, and the bound of both',
    effect: LOOKS,
    description: [
      'Runs every policy on every workload, CPU, memory pressure and seed, with the same random numbers, and says how',
      'much of the bloat of THP=always each removes (B), how much of its speed-up each keeps (S), and how near B × S comes',
      'to what no layout can beat. Rivals are the kernel’s own settings, DAMON’s schemes and rules of papers, each with its',
      'source (--list). Places without anything to gain are judged by harm alone. A FILE is a scenario without an agent;',
      'without any the default matrix is run. Cells are kept in the state directory (--cache), so that a stopped comparison',
      'goes on where it was.',
    ].join('\n'),
    examples: [
      ['octavo compare --dry-run', 'the cells of the default matrix, and how long they take'],
      ['octavo compare --html plane.html', 'the default matrix, with its Pareto plane'],
      [
        'octavo compare my.yaml --policies chain,memtis,pcc --cpus zen4 --seeds 7,8,9 --json',
        'your own workload',
      ],
      [
        'octavo compare zipf --policies chain --pressures none,1.15',
        'a ready scenario, without and with little memory',
      ],
      [
        'octavo compare --heat heat.parquet --policies chain,pcc --cpus zen4',
        'a recording, without a model of time',
      ],
      ['octavo compare --list', 'who takes part, and by what rule'],
    ],
    exits: [[EXIT.badInput, 'a scenario is wrong: file, line and key are told, nothing was run']],
  },
  {
    flags: {
      policies: {
        kind: 'parsed',
        parse: listOf(parseWord),
        brief:
          'Only these policies, with commas between them; `never` and `always` are always run, as rulers',
        optional: true,
        placeholder: 'names',
      },
      cpus: {
        kind: 'parsed',
        parse: listOf(parseWord),
        brief: 'CPUs of the catalogue (octavo simulate --list); of a FILE its own CPU otherwise',
        optional: true,
        placeholder: 'names',
      },
      seeds: {
        kind: 'parsed',
        parse: listOf(countBetween(0, 0xffffffff)),
        brief: 'Seeds; intervals are over them (default 1,2)',
        optional: true,
        placeholder: 'numbers',
      },
      pressures: {
        kind: 'parsed',
        parse: listOf(wordOr('none', undefined, factorBetween(0.1, 100))),
        brief: 'memory.max of each process as a multiple of its data without huge pages, or `none`',
        optional: true,
        placeholder: 'factors',
      },
      heat: {
        kind: 'parsed',
        parse: parseWord,
        brief:
          'Judge by a recorded heat file, without a model of time: half of it is for the policies to learn from',
        optional: true,
        variadic: true,
        placeholder: 'file',
      },
      ablate: {
        kind: 'boolean',
        brief: 'Policy `octavo`, and the same with each of its parts switched off in turn',
        default: false,
        withNegated: false,
      },
      list: {
        kind: 'boolean',
        brief: 'Show the policies with their sources, and the workloads of the default matrix',
        default: false,
        withNegated: false,
      },
      dryRun: {
        kind: 'boolean',
        brief: 'Show the cells and how long they are expected to take; run nothing',
        default: false,
        withNegated: false,
      },
      json: jsonFlag,
      csv: {
        kind: 'boolean',
        brief: 'Print the cells as CSV with a head line',
        default: false,
        withNegated: false,
      },
      svg: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write the Pareto plane as SVG to FILE; - is standard output',
        optional: true,
        placeholder: 'file',
      },
      html: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write plane and tables as one page to FILE; - is standard output',
        optional: true,
        placeholder: 'file',
      },
      cache: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Directory for cells that were run (default: `compare` in the state directory)',
        optional: true,
        placeholder: 'dir',
      },
      fresh: {
        kind: 'boolean',
        brief: 'Run all cells, whatever is in the cache',
        default: false,
        withNegated: false,
      },
    },
    positional: {
      kind: 'array',
      parameter: {
        placeholder: 'file',
        brief: 'A scenario without an agent, or the name of a ready one',
        parse: parseWord,
      },
    },
  },
  async function (flags, ...given) {
    // The simulator is large; nothing but this command and `simulate` needs it.
    const { compare } = await import('../compare/compare.js');
    await compare(this, flags, given);
  },
);
