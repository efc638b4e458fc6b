// Builds what is missing and calibrates the claims: npm run calibration -- [--draws N] [--seed N] [--families FILE] [--cells]
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

prepare();
run(process.execPath, [join(root, 'dist/test/calibration/run.js'), ...process.argv.slice(2)], 'calibrating');
