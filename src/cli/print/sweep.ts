/** The outcomes of a sweep, a line each. */
import type { KdamondOutcome } from '../../simulator/run/damon-runs.js';
import type { SimulationOutcome } from '../../simulator/run/outcome.js';
import { showPart, showRate } from '../../vocabulary/show.js';
import {
  type Column,
  KDAMOND_COLUMNS,
  kdamondRows,
  SCHEME_COLUMNS,
  schemeRows,
  tableOf,
} from './kdamonds.js';
import { rulers } from './simulation.js';
import { table } from './table.js';
import { showBytes } from './units.js';

/** Returns one line for each outcome of a sweep, and DAMON's columns where it ran. */
export function showSweep(outcomes: readonly SimulationOutcome[]): string {
  return [sweptProcesses(outcomes), ...sweptDamon(outcomes)].join('\n');
}

function sweptProcesses(outcomes: readonly SimulationOutcome[]): string {
  return table(
    [
      'run',
      'process',
      'RSS',
      'huge',
      'empty',
      'accesses/s',
      ...sweptRulers(outcomes),
      'walks',
      'splits',
      'collapses',
    ],
    outcomes.flatMap((outcome) =>
      outcome.processes.map((process) => [
        outcome.scenario,
        process.name,
        showBytes(process.rss),
        showBytes(process.pmdMapped),
        showBytes(process.bloat),
        showRate(process.perSecond),
        (process.perSecond / process.allBasePerSecond).toFixed(3),
        (process.perSecond / process.allHugePerSecond).toFixed(3),
        showPart(outcome.tlb.walks, outcome.tlb.accesses, 2),
        String(outcome.costs.splits),
        String(outcome.costs.collapses),
      ]),
    ),
    [2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
}

/** Those of all runs where they are the same. */
function sweptRulers([first, ...others]: readonly SimulationOutcome[]): readonly string[] {
  const isSame = others.every(({ pageBytes }) => pageBytes === first?.pageBytes);
  return first !== undefined && isSame
    ? rulers(first.pageBytes, first.blockBytes)
    : ['× all base', '× all huge'];
}

/** Kdamonds and schemes of every run of a sweep, one line each; nothing where no run has a kdamond. */
function sweptDamon(outcomes: readonly SimulationOutcome[]): string[] {
  const columns: Column[][] = [KDAMOND_COLUMNS, SCHEME_COLUMNS].map((own) => [['run', 'left'], ...own]);
  const ofRun = (rows: (kdamonds: readonly KdamondOutcome[]) => string[][]) =>
    outcomes.flatMap(({ scenario, damon }) => rows(damon).map((row) => [scenario, ...row]));
  return [ofRun(kdamondRows), ofRun(schemeRows)].flatMap((rows, index) =>
    rows.length === 0 ? [] : ['', tableOf(columns[index], rows)],
  );
}
