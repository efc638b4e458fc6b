import { HeatFileSource } from '../../sources/heat-file.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { parseWord } from '../parameters.js';
import { checkAlike } from '../samples/heat-maps.js';
import { mergeHeat } from '../samples/heat-merge.js';

type MergeFlags = { readonly out: string; readonly json: boolean };

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
      minimum: 2,
      parameter: {
        placeholder: 'heat',
        brief: 'Heat file of `octavo import` or `octavo record`',
        parse: parseWord,
      },
    },
    flags: {
      out: { kind: 'parsed', parse: parseWord, brief: 'Write the heat file (Parquet) here' },
      json: jsonFlag,
    },
  },
  async function (flags, ...paths) {
    const sources = paths.map((path) => HeatFileSource.open(this.host.files, path));
    checkAlike(paths, sources);
    const { file, facts } = await mergeHeat(sources, this.signal);
    const written = this.host.files.writeFile(flags.out, file);
    if (!written.ok)
      throw new OctavoError('FILE_UNWRITABLE', { path: flags.out, errno: written.error.errno });
    const { samples, processes, recordings } = facts;
    if (flags.json) {
      const counts = { samples, processes: processes.length, recordings: recordings.length };
      this.printJson({ octavo: 'heat-merge', version: 1, from: paths, heat: flags.out, ...counts });
    } else this.print(`${samples} samples of ${processes.length} processes written to ${flags.out}`);
  },
);
