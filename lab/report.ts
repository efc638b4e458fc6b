/** Prints runs for people: one table of scenarios by kernel, then whatever was not as declared, then the notes. */
import type { LabRun, ScenarioResult } from './run.js';

/** 0 when every scenario ended as declared. */
export function exitCodeOf(runs: readonly LabRun[]): number {
  return runs.every(({ results }) => results.every(({ verdict }) => verdict === 'as declared')) ? 0 : 1;
}

export function printRuns(runs: readonly LabRun[]): void {
  for (const line of describeRuns(runs)) console.log(line);
}

export function describeRuns(runs: readonly LabRun[]): string[] {
  const results = runs.flatMap((run) => run.results);
  return [
    ...runs.map(describeRun),
    '',
    ...table(runs),
    ...results.flatMap(describeProblems),
    ...results.flatMap(describeNotes),
  ];
}

function describeRun(run: LabRun): string {
  const times = `Node up after ${run.readySeconds.toFixed(1)} s, whole run ${run.wallSeconds.toFixed(0)} s`;
  const crashes = run.crashes.length > 0 ? `, ${run.crashes.length} crash(es) of the machine` : '';
  return `${run.series}: ${run.release || '(never came up)'}: ${times}${crashes}`;
}

function table(runs: readonly LabRun[]): string[] {
  const names = runs[0]?.results.map(({ scenario }) => scenario) ?? [];
  const width = Math.max(8, ...names.map((name) => name.length)) + 2;
  const head = `${'scenario'.padEnd(width)}${runs.map(({ series }) => series.padEnd(22)).join('')}`;
  const rows = names.map((name) => {
    const cells = runs.map((run) => cell(run.results.find(({ scenario }) => scenario === name)));
    return `${name.padEnd(width)}${cells.map((text) => text.padEnd(22)).join('')}`;
  });
  return [head, ...rows];
}

function cell(result: ScenarioResult | undefined): string {
  return result ? `${result.verdict} ${result.seconds.toFixed(1)} s` : '';
}

function describeProblems(result: ScenarioResult): string[] {
  if (result.verdict === 'as declared') return [];
  const head = ['', `${result.series} ${result.scenario}: ${result.verdict}`];
  const rows = result.differences.map(
    ({ row, expected, found }) => `  ${row}: declared ${expected}, found ${found}`,
  );
  return [...head, ...(result.problem ? [`  ${result.problem}`] : []), ...rows];
}

function describeNotes(result: ScenarioResult): string[] {
  return result.notes.map((note) => `  ${result.series} ${result.scenario}: ${note}`);
}
