import type { PageNumber } from '../../../vocabulary/units.js';
import type { Mm, Vma } from '../state/mm.js';

/** A page fault while it is handled (struct vm_fault): one for each, made when it begins. */
export interface Fault {
  readonly mm: Mm;
  readonly vma: Vma;
  readonly page: PageNumber;
  readonly write: boolean;
  /** Index of the PMD entry of the page's block. */
  readonly pmd: number;
}

/** What is known of a page that is made without a fault. */
export type FaultingPage = Omit<Fault, 'pmd'>;
