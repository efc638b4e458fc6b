import type { KernelTraits } from './differences.js';
import type { Stage } from './stage.js';

/** Outcome of a scenario: exact facts by name, equal on every kernel unless a trait says otherwise. */
export type Rows = Readonly<Record<string, string | number | boolean>>;

export interface Scenario {
  readonly name: string;
  /** What it shows, in one line. */
  readonly says: string;
  /** Part of the short pass that `npm test` runs in one boot. */
  readonly short: boolean;
  /** Needs the kernel as it came up. Others find built-in users of DAMON turned off. */
  readonly asBooted?: boolean;
  /** Its rows are the same on every machine: the lab expects what they are on its own. */
  readonly everywhereAlike?: boolean;
  run(stage: Stage): Promise<Rows>;
  /** The rows that a kernel with these traits must give. */
  expected(traits: KernelTraits): Rows;
}

export interface RowDifference {
  readonly row: string;
  readonly expected: string;
  readonly found: string;
}

/** Rows that differ, are missing or were not expected. Empty when the outcome is as declared. */
export function compareRows(expected: Rows, found: Rows): RowDifference[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  return names
    .filter((row) => expected[row] !== found[row])
    .map((row) => ({ row, expected: shown(expected[row]), found: shown(found[row]) }));
}

function shown(value: string | number | boolean | undefined): string {
  return value === undefined ? '(no such row)' : String(value);
}
