import { stringify } from 'yaml';
import { readKdamonds } from '../../damon/read-tree.js';
import { damoFile } from '../../formats/damo/print.js';
import { command, LOOKS } from '../command.js';
import { DAMON_EXITS, requireDamon } from '../damon-flags.js';

type Flags = {
  readonly yaml: boolean;
};

/** `octavo damon show`: DAMON's parameters in damo's format. */
export const damonShowCommand = command<Flags, []>(
  {
    brief: 'print DAMON’s parameters as a file that damo and `octavo damon apply` read',
    effect: LOOKS,
    description:
      'Reads the tree and changes nothing. Files and their spelling are those of damo’s --kdamonds.',
    examples: [
      ['octavo damon show > kdamonds.json', 'keep the parameters of all kdamonds'],
      ['octavo damon show --yaml', 'the same as YAML'],
    ],
    exits: DAMON_EXITS,
  },
  {
    flags: {
      yaml: { kind: 'boolean', brief: 'Print YAML instead of JSON', default: false, withNegated: false },
    },
  },
  async function (flags) {
    requireDamon(this, 'reading');
    const kdamonds = await readKdamonds(this.host);
    const tree = damoFile(
      kdamonds.map(({ running, pid, context }) => ({ state: running ? 'on' : 'off', pid, context })),
    );
    if (flags.yaml) this.printExact(stringify(tree).trimEnd());
    else this.printJson(tree);
  },
);
