import { DEFAULT_SPARSE_BELOW } from '../../policies/sparse-bound.js';
import { HeatFileSource } from '../../sources/heat-file.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { formatFlag, rowPrinter } from '../format-flag.js';
import { countBetween, factorBetween, parseFraction, parseWord, showShare } from '../parameters.js';
import type { RowFormat } from '../print/rows.js';
import { CHANGE_ROWS, changeRow, diffLines, heatDiff } from '../samples/heat-diff.js';
import { checkAlike } from '../samples/heat-maps.js';
import { pidFlag } from '../samples/options.js';

type DiffFlags = {
  readonly pid?: ReadonlySet<number>;
  readonly top: number;
  readonly factor: number;
  readonly sparse: number;
  readonly format?: RowFormat;
  readonly json: boolean;
};

/** `octavo heat diff BEFORE AFTER`. */
export const heatDiffCommand = command<DiffFlags, [string, string]>(
  {
    effect: LOOKS,
    brief: 'tell what became hotter, colder or sparse from one heat file to another',
    description: [
      'Compares shares of all accesses, block by block, with 95 % intervals: a block is hotter when its share surely grew by',
      'the factor, colder when it surely fell by it, and unknown when there are too few samples to tell. Sparse is meant as',
      'in `octavo report`. Blocks are found by process and address, so both files must be of the same processes.',
    ].join('\n'),
    examples: [
      ['octavo heat diff before.parquet after.parquet', 'what changed'],
      [
        'octavo heat diff before.parquet after.parquet --format csv',
        'every block of either, for other programs',
      ],
      [
        'octavo heat diff before.parquet after.parquet --factor 4 --top 50',
        'large changes only, more of them',
      ],
    ],
    exits: [[EXIT.badInput, 'a file is no heat file, or they cannot be compared']],
  },
  {
    positional: {
      kind: 'tuple',
      parameters: [
        { placeholder: 'before', brief: 'Heat file', parse: parseWord },
        { placeholder: 'after', brief: 'Later heat file of the same processes', parse: parseWord },
      ],
    },
    flags: {
      pid: pidFlag,
      top: { kind: 'parsed', parse: countBetween(0, 1e6), default: '10', brief: 'Blocks to list' },
      factor: {
        kind: 'parsed',
        parse: factorBetween(1.001, 1e6),
        default: '2',
        brief: 'Least change of a block’s share of the accesses that counts',
      },
      sparse: {
        kind: 'parsed',
        parse: parseFraction,
        default: showShare(DEFAULT_SPARSE_BELOW),
        brief: 'A block is sparse when at most this share of its sub-pages takes 90 % of its accesses',
      },
      format: formatFlag,
      json: jsonFlag,
    },
  },
  async function (flags, before, after) {
    if (flags.format !== undefined && flags.json)
      throw new OctavoError('USAGE', { problem: '--format does not go with --json', command: 'heat diff' });
    const sources = [before, after].map((path) => HeatFileSource.open(this.host.files, path));
    checkAlike([before, after], sources);
    const diff = await heatDiff(sources[0], sources[1], {
      factor: flags.factor,
      sparseBelow: flags.sparse,
      ...(flags.format === undefined ? { top: flags.top } : { all: true, top: Number.POSITIVE_INFINITY }),
      ...(flags.pid === undefined ? {} : { pids: flags.pid }),
    });
    if (flags.format !== undefined) {
      const print = rowPrinter(this, CHANGE_ROWS, flags.format);
      for (const line of diff.changes) print(changeRow(line));
    } else if (flags.json) this.printJson({ octavo: 'heat-diff', version: 1, before, after, ...diff });
    else for (const line of diffLines(diff)) this.print(line);
  },
);
