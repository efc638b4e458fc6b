import type { PageRange } from '../../vocabulary/units.js';
import type { Kernel } from '../kernel/state/kernel.js';
import type { Mm } from '../kernel/state/mm.js';
import { ENTRY } from '../kernel/state/page-tables.js';
import { showAddress } from './targets.js';

/** One line for each block that the range meets: its address, and what it is made of. */
export function drawBlocks(kernel: Kernel, mm: Mm, range: PageRange): string {
  const { pagesPerBlock } = kernel.geometry;
  const lines: string[] = [];
  for (let block = range.start - (range.start % pagesPerBlock); block < range.end; block += pagesPerBlock)
    lines.push(`${showAddress(kernel, block)} ${drawBlock(kernel, mm, block)}`);
  return lines.join('\n');
}

function drawBlock(kernel: Kernel, mm: Mm, block: number): string {
  const { tables, folios, geometry } = kernel;
  const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
  if (tables.pmdBits[pmd] & ENTRY.present)
    return tables.pmdBits[pmd] & ENTRY.zero ? 'Z' : `P${folios.orderOf(tables.pmdValue[pmd])}`;
  const found: string[] = [];
  let last = -1;
  for (let i = 0; i < geometry.pagesPerBlock; i++) {
    const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + i;
    const bits = tables.pteBits[entry];
    const own = (bits & (ENTRY.present | ENTRY.zero)) === ENTRY.present;
    const head = own ? folios.headOf(tables.pteValue[entry]) : -1;
    if (!own) found.push(letter(bits));
    else if (head !== last) found.push(String(folios.orderOf(head)));
    last = head;
  }
  return withRepetitions(found);
}

function letter(bits: number): string {
  if (bits & ENTRY.zero) return 'z';
  if (bits & ENTRY.swap) return 's';
  return bits & ENTRY.guard ? 'g' : '-';
}

/** `6 5 2x2 3`: equal neighbours once, with their number. */
function withRepetitions(words: readonly string[]): string {
  const shown: string[] = [];
  for (let i = 0; i < words.length; ) {
    let count = 1;
    while (words[i + count] === words[i]) count++;
    shown.push(count === 1 ? words[i] : `${words[i]}x${count}`);
    i += count;
  }
  return shown.join(' ');
}
