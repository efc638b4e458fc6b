/** The book of costs in the state directory: written after a run, under the state lock; who only looks only reads. */
import { parseJson } from '../base/json-text.js';
import { readOwnText, writeOwn } from '../host/own-file.js';
import { CostBook, CostsSchema } from '../planning/cost-book.js';
import type { Plan, Receipt } from '../vocabulary/plan.js';
import type { JournalPlace } from './journal.js';

const pathOf = ({ directory }: JournalPlace) => `${directory}/costs.json`;

/** The book as kept, or a new one where it could not be read. */
export interface ReadCosts {
  readonly book: CostBook;
  /** What a reader should know: that the file was damaged. */
  readonly notes: readonly string[];
}

/** The book as it was kept. A damaged one, or one of another version, counts as none; the next run begins anew. */
export function readCosts(place: JournalPlace): ReadCosts {
  const text = readOwnText(place.host.files, pathOf(place));
  if (!text.ok) return { book: new CostBook(), notes: [] };
  const value = parseJson(text.value);
  const parsed = value.ok ? CostsSchema.safeParse(value.value).data : undefined;
  if (parsed) return { book: new CostBook(parsed), notes: [] };
  const note = `${pathOf(place)} cannot be used, so durations are assumed; the next run that acts writes it anew`;
  return { book: new CostBook(), notes: [note] };
}

/** Adds what a run measured. That it cannot be kept is no failure of the run. */
export function learnCosts(place: JournalPlace, plan: Plan, receipts: readonly Receipt[]): void {
  const { book } = readCosts(place);
  const grown = book.with(plan.steps, receipts, plan.geometry.blockBytes, place.host.clock.wallMs());
  if (grown !== book) writeOwn(place.host.files, pathOf(place), `${JSON.stringify(grown.document())}\n`);
}
