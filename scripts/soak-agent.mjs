// A real agent of two processes against programs that change: what it takes, what it returns, and then SIGTERM, kill -9,
// reloads, restarts of its targets, set clocks, a standstill, a full disk. Prints a row for each, ends with 1 where one is
// not as it has to be. Needs root and huge pages; acts on its own programs only.
// usage: node scripts/soak-agent.mjs [--minutes 30] [--kills 50] [--reloads 50] [--restarts 20] [--watched 18] [--seed 1]
//        [--json FILE]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    kills: { type: 'string', default: '50' },
    reloads: { type: 'string', default: '50' },
    restarts: { type: 'string', default: '20' },
    watched: { type: 'string', default: '18' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});
prepare();
// What users install.
process.env.OCTAVO_TEST_MAIN ??= join(root, 'bundle/octavo.js');
const { soak } = await import('../dist/test/soak/soak.js');
const { rowText } = await import('../dist/test/soak/report.js');
const { json, ...numbers } = values;
const options = /** @type {Omit<import('../dist/test/soak/soak.js').SoakOptions, 'tell'>} */ (
  Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]))
);
const report = await soak({ ...options, tell: (row) => console.log(rowText(row)) });
const { rows, facts, failed } = report;
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ options, rows, facts }, undefined, 1)}\n`);
console.log(failed.length === 0 ? 'all as it has to be' : `${failed.length} not as they have to be`);
process.exitCode = failed.length === 0 ? 0 : 1;
