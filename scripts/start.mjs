// Installs and builds what is missing, then shows Octavo at work: on live memory as root, on a recording otherwise.
// usage: npm start [-- --recorded | --mib N | --record DIR]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const recording = join(root, 'test/fixtures/demo');
const demo = join(root, 'dist/demo/demo.js');
const result = spawnSync(process.execPath, [demo, recording, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(result.status ?? 1);
