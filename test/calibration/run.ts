/**
 * Calibration of the claims: `npm run calibration -- [--draws N] [--seed N] [--families FILE] [--cells]`.
 * Ends with 1 when a rate is above its limit. FILE is a module that exports `FAMILIES` as families.ts does: to judge by
 * families that nobody here has seen.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ADVERSARIES } from './adversaries.js';
import { FAMILIES, type Family } from './families.js';
import { hostTable } from './hosts.js';
import { type Cell, scoreCell } from './score.js';
import { everyCell, failures, table } from './tables.js';

const SAMPLES = [3, 10, 30, 60, 100, 200, 500, 1000, 2000, 5000];
/** Sub-pages of 512: 0.4, 2, 5, 10, 11, 20, 50, 89, 91 and 100 %. */
const TOUCHED = [2, 10, 26, 51, 57, 102, 256, 456, 466, 512];

const { values } = parseArgs({
  options: {
    draws: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    families: { type: 'string' },
    cells: { type: 'boolean', default: false },
  },
});
const print = (lines: readonly string[]) => console.log(lines.join('\n'));

const families =
  values.families === undefined ? [...FAMILIES, ...ADVERSARIES] : await familiesOf(values.families);
const cells = scoreAll(families, Number(values.draws), Number(values.seed));
for (const which of ['before', 'now'] as const) {
  print(['', `## ${which === 'now' ? 'Now' : 'Before'}`, '', ...table(cells, which, ({ family }) => family)]);
  print(['', ...table(cells, which, ({ samples }) => `${samples} samples`)]);
  print(['', ...table(cells, which, ({ touched }) => `${touched} of 512 sub-pages`)]);
  if (values.cells) print(['', ...everyCell(cells, which)]);
}
print(['', '## Hosts', '', ...hostTable(Number(values.seed))]);
const wrong = failures(cells);
print(['', wrong.length === 0 ? `${cells.length} cells hold` : wrong.join('\n')]);
process.exit(wrong.length === 0 ? 0 : 1);

function scoreAll(all: readonly Family[], draws: number, seed: number): readonly Cell[] {
  const found: Cell[] = [];
  for (const family of all) {
    for (const touched of TOUCHED)
      for (const samples of SAMPLES)
        found.push(scoreCell(family, samples, touched, draws, seed + found.length));
    console.error(`octavo: drew ${family.name}`);
  }
  return found;
}

async function familiesOf(path: string): Promise<readonly Family[]> {
  return (await import(pathToFileURL(resolve(path)).href)).FAMILIES;
}
