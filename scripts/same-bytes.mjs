// Whether a simulation is a pure function of scenario and seed: runs every ready scenario twice with this Node and
// once with each other Node given, and compares what came out byte for byte, recordings of the PMU included.
//   node scripts/same-bytes.mjs [--only NAME,NAME] [/path/to/another/node …]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const words = process.argv.slice(2);
const only = words[0] === '--only' ? words.splice(0, 2)[1].split(',') : undefined;
const nodes = [process.execPath, process.execPath, ...words];
const folder = mkdtempSync(join(tmpdir(), 'octavo-same-bytes-'));
const names = readdirSync(join(root, 'scenarios'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.replace(/\.yaml$/, ''))
  .filter((name) => only === undefined || only.includes(name))
  .sort();
let different = 0;
for (const name of names) {
  const prints = nodes.map((node) => fingerprint(node, name));
  const same = prints.every((print) => print === prints[0]);
  if (!same) different++;
  console.log(`${same ? 'same     ' : 'DIFFERENT'} ${name.padEnd(22)} ${[...new Set(prints)].join(' ')}`);
}
rmSync(folder, { recursive: true });
const versions = [...new Set(nodes.map((node) => spawnSync(node, ['--version']).stdout.toString().trim()))];
console.log(`${names.length} scenarios on Node ${versions.join(', ')}: ${different} different`);
process.exit(different === 0 ? 0 : 1);

/** Hash of the outcome as JSON, and of what its PMU recorded. */
function fingerprint(node, name) {
  const record = join(folder, 'perf.data');
  rmSync(record, { force: true });
  const sampled = /^pmu:/m.test(readFileSync(join(root, 'scenarios', `${name}.yaml`), 'utf8'));
  const parameters = ['simulate', name, '--seed', '7', '--json', ...(sampled ? ['--record', record] : [])];
  const run = spawnSync(node, [join(root, 'dist/src/main.js'), ...parameters], { maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(`${name} on ${node}: ${run.stderr}`);
  const hash = createHash('sha256').update(run.stdout);
  if (existsSync(record)) hash.update(readFileSync(record));
  return hash.digest('hex').slice(0, 16);
}
