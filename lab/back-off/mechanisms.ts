/**
 * Ways to keep khugepaged from collapsing what DAMOS has split, as what each of them would have to know and to ask.
 * Figures of code and memory are estimates for a patch on Linux 7.3; what people might say is our guess.
 */
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';
import type { Nanoseconds, PageNumber, Pages } from '../../src/vocabulary/units.js';

/** What a mechanism is asked about, and told of. */
export interface Visit {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly now: Nanoseconds;
  readonly block: PageNumber;
  /** Index of the mapping that the block is in. */
  readonly vma: number;
  /** Pages of the block that were accessed since khugepaged was here last. */
  readonly young: Pages;
}

export interface Mechanism {
  readonly name: string;
  readonly says: string;
  /** Lines of code, and bytes that it keeps. */
  readonly lines: number;
  readonly memory: string;
  readonly objection: string;
  /** A block was split. */
  split(visit: Visit): void;
  /** May khugepaged look at the block now? */
  allows(visit: Visit): boolean;
  /** Holes that khugepaged may fill in the block; undefined: as the sysctl says. */
  holes?(visit: Visit): Pages;
}

const FIRST_WAIT_NS = 60e9;
const LONGEST_WAIT_NS = 3600e9;

/** After the n-th pass that split something, wait 2^n minutes, an hour at most. */
class Doubling {
  readonly #until = new Map<number, { until: Nanoseconds; wait: Nanoseconds; at: Nanoseconds }>();

  note(key: number, now: Nanoseconds): void {
    const last = this.#until.get(key);
    if (last?.at === now) return;
    const wait = last === undefined ? FIRST_WAIT_NS : Math.min(last.wait * 2, LONGEST_WAIT_NS);
    this.#until.set(key, { until: now + wait, wait, at: now });
  }

  isOver(key: number, now: Nanoseconds): boolean {
    return now >= (this.#until.get(key)?.until ?? 0);
  }
}

const always = () => true;
const nothing = () => undefined;

export function mechanisms(): readonly Mechanism[] {
  const [perMm, perVma, perBlock] = [new Doubling(), new Doubling(), new Doubling()];
  const [advised, unfilled, recent] = [new Set<PageNumber>(), new Set<number>(), new Set<PageNumber>()];
  let isDisabled = false;
  return [
    {
      ...{ name: 'none', says: 'as today', lines: 0, memory: '0', objection: '' },
      ...{ split: nothing, allows: always },
    },
    {
      name: 'nohugepage',
      says: 'DAMOS advises MADV_NOHUGEPAGE on what it splits',
      lines: 10,
      memory: '2 VMAs a range (400 B)',
      objection:
        'THP: changes VM flags behind the back of the program, for ever; splits VMAs; faults get no THP either',
      split: ({ block }) => void advised.add(block),
      allows: ({ block }) => !advised.has(block),
    },
    {
      name: 'prctl',
      says: 'PR_SET_THP_DISABLE for the process from its first split on',
      lines: 0,
      memory: '1 bit a process',
      objection: 'none, it exists; but hot memory gets no huge pages any more',
      split: () => {
        isDisabled = true;
      },
      allows: () => !isDisabled,
    },
    {
      name: 'mm back-off',
      says: 'khugepaged leaves the process alone for 1, 2, 4 ... 60 min after a pass that split',
      lines: 45,
      memory: '16 B a khugepaged slot',
      objection: 'DAMON: one sparse heap holds back the rest of a process',
      split: ({ now }) => perMm.note(0, now),
      allows: ({ now }) => perMm.isOver(0, now),
    },
    {
      name: 'VMA back-off',
      says: 'the same for the mapping, kept in a list of the khugepaged slot',
      lines: 110,
      memory: '40 B a mapping that was split',
      objection: 'mm: follows merges, splits and moves of VMAs, or is lost with them',
      split: ({ vma, now }) => perVma.note(vma, now),
      allows: ({ vma, now }) => perVma.isOver(vma, now),
    },
    {
      name: 'range back-off',
      says: 'the same for each huge page, as a mark in its page table page',
      lines: 60,
      memory: '0 (a field of struct ptdesc)',
      objection: 'THP: another user of struct page; lost when the page table is freed, which is right',
      split: ({ block, now }) => perBlock.note(block, now),
      allows: ({ block, now }) => perBlock.isOver(block, now),
    },
    {
      name: 'no holes',
      says: 'max_ptes_none 0 for the mapping once something of it was split',
      lines: 40,
      memory: '1 bit a VMA',
      objection: 'THP: the last free VMA flags; sparse memory that is fully populated is collapsed still',
      split: ({ vma }) => void unfilled.add(vma),
      allows: always,
      holes: ({ vma, kernel }) => (unfilled.has(vma) ? 0 : kernel.geometry.pagesPerBlock - 1),
    },
    {
      name: 'young test',
      says: 'what was split is collapsed only when half of its pages were accessed since the last scan',
      lines: 70,
      memory: '0 (a field of struct ptdesc)',
      objection: 'THP: khugepaged has to clear accessed bits of these, or to ask for page idle',
      split: ({ block }) => void recent.add(block),
      allows: ({ block, young, kernel }) => !recent.has(block) || young >= kernel.geometry.pagesPerBlock / 2,
    },
  ];
}
