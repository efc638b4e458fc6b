// Builds what is missing and calibrates the claims: npm run calibration -- [--draws N] [--seed N] [--families FILE] [--cells]
// or, with --guards first, the guard of the user's metric: npm run calibration:guards -- [--hours N] [--draws N] [--seed N]
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

const [first, ...rest] = process.argv.slice(2);
const isGuards = first === '--guards';
const words = isGuards ? rest : process.argv.slice(2);
prepare();
run(
  process.execPath,
  [join(root, `dist/test/calibration/${isGuards ? 'guards/run.js' : 'run.js'}`), ...words],
  'calibrating',
);
