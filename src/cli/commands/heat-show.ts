import { HeatFileSource } from '../../sources/heat-file.js';
import { EXIT } from '../../vocabulary/errors.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import { parseDuration, parseWord } from '../parameters.js';
import type { HeatShowFlags } from '../reports/heat-show.js';
import { parseAddresses, SHADES } from '../reports/heat-window.js';
import { pidFlag } from '../samples/options.js';

/** `octavo heat show FILE`: a map of heat over time in the terminal. */
export const heatShowCommand = command<HeatShowFlags, [string]>(
  {
    brief: 'draw where the heat of a heat file is, over time and addresses, in the terminal',
    effect: LOOKS,
    description: [
      'Addresses go to the right, time goes downwards; a cell is as hot as its hottest part. Dark is cold, light is hot,',
      'and the legend says what that is in accesses a second and page. The darkest colour was looked at and nothing was',
      'seen there; the terminal’s own background is not known. With 256 colours or more and UTF-8 two slices of time',
      'share a line as half blocks; without colours (NO_COLOR, a pipe, --shades none) cells are letters of ASCII.',
    ].join('\n'),
    examples: [
      ['octavo heat show heat.parquet', 'all of it, as wide as the terminal'],
      ['octavo heat show heat.parquet --pid 4711 --from 10s --to 30s', 'one process, twenty seconds'],
      ['octavo heat show heat.parquet --address 0x7f1ac6000000-0x7f1ac6200000', 'the sub-pages of one block'],
      ['octavo heat show heat.parquet --shades none', 'in letters, for a screen reader or an old terminal'],
      ['octavo heat show heat.parquet --json', 'the grid as numbers'],
    ],
    exits: [[EXIT.badInput, 'the file is no heat file']],
  },
  {
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'heat', brief: 'Heat file of `octavo import`', parse: parseWord }],
    },
    flags: {
      pid: pidFlag,
      from: {
        kind: 'parsed',
        parse: parseDuration,
        optional: true,
        brief: 'Only what is at least so long after the first slice',
        placeholder: 'time',
      },
      to: {
        kind: 'parsed',
        parse: parseDuration,
        optional: true,
        brief: 'Only what is less than so long after the first slice',
        placeholder: 'time',
      },
      address: {
        kind: 'parsed',
        parse: parseAddresses,
        optional: true,
        brief: 'Only addresses of this range, end exclusive',
        placeholder: 'start-end',
      },
      shades: {
        kind: 'enum',
        values: SHADES,
        optional: true,
        brief: 'Colours to draw with: none, 256, or all; otherwise what the terminal says it has',
      },
      json: jsonFlag,
    },
  },
  async function (flags, path) {
    const source = HeatFileSource.open(this.host.files, path);
    const { heatShow } = await import('../reports/heat-show.js');
    await heatShow(this, source, path, flags);
  },
);
