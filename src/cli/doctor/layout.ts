/** Sections as text for a terminal: answer, name, then the fact wrapped beside them. Pure. */
import { wrap } from '../print/wrap.js';
import type { DoctorRow, DoctorSection } from './sections.js';

const ANSWER_WIDTH = 9;
/** Narrower than this, words would stand in a column of their own. */
const LEAST_FACT_WIDTH = 30;

/** Returns the sections as lines of at most `columns` columns where words allow it. */
export function doctorText(sections: readonly DoctorSection[], columns: number): string {
  const nameWidth = Math.max(...sections.flatMap(({ rows }) => rows.map(({ name }) => name.length))) + 2;
  const factWidth = Math.max(LEAST_FACT_WIDTH, columns - ANSWER_WIDTH - nameWidth - 2);
  return sections
    .map(({ title, rows }) =>
      [title, ...rows.flatMap((row) => rowLines(row, nameWidth, factWidth))].join('\n'),
    )
    .join('\n\n');
}

function rowLines(row: DoctorRow, nameWidth: number, factWidth: number): readonly string[] {
  const facts = wrap(row.fact, factWidth);
  const needs = row.needs === '' ? [] : wrap(`needs ${row.needs}`, factWidth);
  const margin = ' '.repeat(2 + ANSWER_WIDTH + nameWidth);
  const first = `  ${row.answer.padEnd(ANSWER_WIDTH)}${row.name.padEnd(nameWidth)}${facts[0] ?? ''}`;
  return [first, ...[...facts.slice(1), ...needs].map((line) => margin + line)].map((line) => line.trimEnd());
}
