/**
 * Reads a journal in every way there is, as fast as it can, until its standard input ends. Words: state directory, pid,
 * address range. Prints how often it read, and the first things that went wrong.
 */
import { readdirSync } from 'node:fs';
import { octavo } from './in-process.js';

const [state, pid, range] = process.argv.slice(2);
const counts: Record<string, number> = {};
const wrong: string[] = [];
let over = false;
process.stdin.on('end', () => {
  over = true;
});
process.stdin.resume();

/** A run can be going on, or not have begun yet; everything else that is no success is wrong. */
const NORMAL = /RUN_ACTIVE|RUN_NOT_FOUND/;

for (let turn = 0; !over; turn++) {
  const last = lastRun();
  const ways: Record<string, readonly string[]> = {
    runs: ['runs'],
    'runs --json --all': ['runs', '--json', '--all'],
    'runs RUN': ['runs', last],
    'undo RUN --dry-run': ['undo', last, '--dry-run'],
    plan: ['plan', pid, '--split', range],
    'run --dry-run': ['run', pid, '--split', range, '--dry-run'],
  };
  // The lists are what mended a live journal: they come more often than what walks page tables.
  for (const way of turn % 10 === 0 ? Object.keys(ways) : ['runs', 'runs RUN', 'runs --json --all']) {
    const { code, stderr } = await octavo([...ways[way], '--state', state]);
    counts[way] = (counts[way] ?? 0) + 1;
    if (code !== 0 && !NORMAL.test(stderr)) wrong.push(`octavo ${ways[way].join(' ')} → ${code}: ${stderr}`);
    await new Promise(setImmediate);
  }
}
console.log(JSON.stringify({ counts, wrong: wrong.slice(0, 5), wrongs: wrong.length }));

function lastRun(): string {
  try {
    return readdirSync(`${state}/runs`).sort().at(-1) ?? 'none';
  } catch {
    return 'none';
  }
}
