import { HeatFileSource } from '../../sources/heat-file.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { STANDARD_OUTPUT, writeOutput } from '../output.js';
import { parseWord } from '../parameters.js';
import { checkAlike } from '../samples/heat-maps.js';
import { mergeHeat } from '../samples/heat-merge.js';

type MergeFlags = { readonly out: string; readonly json: boolean };

/** `octavo heat merge FILES`: refuses files that hold the same samples. */
export const heatMergeCommand = command<MergeFlags, string[]>(
  {
    effect: LOOKS,
    brief: 'put heat files together',
    description: [
      'Adds up the samples of heat files of the same kind of samples, page size and processes. A file that repeats',
      'samples of another is refused, since repeated samples look like certainty.',
    ].join('\n'),
    examples: [
      [
        'octavo heat merge monday.parquet tuesday.parquet --out both.parquet',
        'one file with the samples of both',
      ],
    ],
    exits: [[EXIT.badInput, 'a file is no heat file, or they do not go together']],
  },
  {
    positional: {
      kind: 'array',
      parameter: {
        placeholder: 'heat',
        brief: 'Heat file of `octavo import` or `octavo record`',
        parse: parseWord,
      },
    },
    flags: {
      out: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write the heat file (Parquet) here; - is standard output',
      },
      json: jsonFlag,
    },
  },
  async function (flags, ...paths) {
    if (paths.length < 2)
      throw new OctavoError('USAGE', {
        problem: `merging takes two heat files or more, and ${paths.length === 0 ? 'none is' : 'only one is'} given`,
        command: 'heat merge',
      });
    if (flags.out === STANDARD_OUTPUT && flags.json)
      throw new OctavoError('USAGE', {
        problem: '--out - and --json both want standard output',
        command: 'heat merge',
      });
    const sources = paths.map((path) => HeatFileSource.open(this.host.files, path));
    checkAlike(paths, sources);
    const { file, facts } = await mergeHeat(sources, this.signal);
    writeOutput(this, flags.out, file);
    const { samples, processes, recordings } = facts;
    if (flags.json) {
      const counts = { samples, processes: processes.length, recordings: recordings.length };
      this.printJson({ octavo: 'heat-merge', version: 1, from: paths, heat: flags.out, ...counts });
      return;
    }
    const isPiped = flags.out === STANDARD_OUTPUT;
    const line = `${samples} samples of ${processes.length} processes written to ${isPiped ? 'standard output' : flags.out}`;
    if (isPiped) this.remark(line);
    else this.print(line);
  },
);
