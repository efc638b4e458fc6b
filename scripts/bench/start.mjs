// How long commands take to start, beside a bare Node, in turn in one run: node scripts/bench/start.mjs [--rounds N]
// Each row is the median of the wall-clock time of whole processes, and of the ratio pair by pair.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../prepare.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } });
const rounds = Number(values.rounds);

/**
 * Command lines whose own work is next to nothing, and how many times a bare Node they may take.
 *
 * @type {(readonly [string, number])[]}
 */
const COMMANDS = [
  ['--version', 1.5],
  ['--help', 1.5],
  ['completion bash', 1.5],
  ['__complete -- plan --so', 1.5],
  ['plan --help', 2],
  ['runs', 2],
  ['doctor', 2],
  ['simulate --list', 2],
  ['report absent.parquet', 2],
  ['inspect 0', 2],
  ['plan 0', 2],
  ['apply absent.json', 2],
  ['run 0', 2],
  ['undo absent', 2],
  ['explain 0', 2],
  ['history', 2],
  ['status', 2],
  ['survey --by absent', 2],
  ['record 0', 2],
  ['import absent.data', 2],
  ['heat show absent.parquet', 2],
  ['damon show', 2],
];

prepare();
const state = mkdtempSync(join(tmpdir(), 'octavo-start-'));
const environment = { ...process.env, OCTAVO_STATE: state };
const program = join(root, 'bundle/octavo.js');

function timed(words) {
  const started = performance.now();
  spawnSync(process.execPath, words, { env: environment, stdio: 'ignore' });
  return performance.now() - started;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

console.log(`node ${process.version}, ${rounds} rounds; a bare node is: node -e 0`);
console.log('| octavo … | ms | bare node, ms | ratio | wanted |');
console.log('| --- | --- | --- | --- | --- |');
try {
  for (const [line, wanted] of COMMANDS) {
    const words = [program, ...line.split(' ')];
    timed(words);
    const pairs = Array.from({ length: rounds }, () => [timed(words), timed(['-e', '0'])]);
    const ratio = median(pairs.map(([own, bare]) => own / bare));
    const cells = [median(pairs.map(([own]) => own)), median(pairs.map(([, bare]) => bare))].map((ms) =>
      ms.toFixed(0),
    );
    console.log(`| ${line} | ${cells.join(' | ')} | ${ratio.toFixed(2)} | ${wanted} |`);
  }
} finally {
  rmSync(state, { recursive: true, force: true });
}
