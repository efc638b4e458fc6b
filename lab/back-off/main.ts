/** `node dist/lab/back-off/main.js`: the table of kernel/docs/back-off.md. */
import { hourWith } from './compare.js';
import { mechanisms } from './mechanisms.js';

const CELLS = [
  'mechanism',
  're-collapses',
  'splits',
  'MiB kept free',
  'dense',
  'late',
  'turned hot',
  'khugepaged ms',
];
console.log(`| ${CELLS.join(' | ')} | lines | memory |`);
console.log(`| ${[...CELLS, '', ''].map(() => '---').join(' | ')} |`);
for (const [index, { name, lines, memory }] of mechanisms().entries()) {
  const row = hourWith(mechanisms()[index]);
  const cells = [name, row.recollapses, row.splits, row.savedMib.toFixed(1), row.dense, row.late, row.turned];
  console.log(`| ${[...cells, row.khugepagedMs.toFixed(0)].join(' | ')} | ${lines} | ${memory} |`);
}
