// Readers of every kind in tight loops beside apply, run and undo, which are killed at random points: journals have to
// say what page tables say after each, and undo has to take back everything at last.
// usage: node scripts/stress-journal.mjs [--runs 200] [--seed 1] [--readers 2]
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    readers: { type: 'string', default: '2' },
  },
});
prepare();
const { stressJournal } = await import('../dist/test/end-to-end/journal-stress.js');
const started = performance.now();
const report = await stressJournal(Number(values.runs), Number(values.seed), Number(values.readers));
const { runs, killed, byCommand, reads, acts, takenBack } = report;
const told = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
console.log(
  `${runs} runs (${told(byCommand)}), ${killed} of them killed, in ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
console.log(`beside them ${told(reads)}`);
console.log(`journals and page tables agree after every run: ${acts} blocks changed by the journals`);
console.log(`undo took back everything in ${takenBack} runs`);
