/** Sets a kernel's outcome rows beside the model's: what the model should have shown and did not. */
import type { Architecture } from '../src/model/kernel/state/options.js';
import { traitsOf } from '../test/conformance/differences.js';
import { type ModelRelease, modelStage } from '../test/conformance/model-stage.js';
import { compareRows, type RowDifference, type Rows, type Scenario } from '../test/conformance/scenario.js';
import type { LabRun } from './run.js';

export interface Compared {
  readonly series: string;
  readonly scenario: string;
  readonly alike: number;
  /** Rows that differ although nothing says that they may: `expected` is the kernel's. */
  readonly differing: readonly RowDifference[];
  /** Rows for which the table of differences has another value in the model's column. */
  readonly declared: number;
}

/** Runs every scenario that the kernel has rows for on the model, and tells each as soon as it is known. */
export async function againstModel(
  run: LabRun,
  scenarios: readonly Scenario[],
  say: (line: string) => void,
  architecture: Architecture = 'x64',
): Promise<readonly Compared[]> {
  const all: Compared[] = [];
  for (const scenario of scenarios) {
    const result = run.results.find(({ scenario: name }) => name === scenario.name);
    if (!result || result.problem || result.verdict === 'not run') continue;
    const stage = modelStage(run.series as ModelRelease, () => undefined, { ...scenario, architecture });
    const compared = compare(scenario, run.series, stage.kernel, result.rows, await scenario.run(stage));
    all.push(compared);
    say(describeCompared(compared)[0]);
  }
  return all;
}

function compare(scenario: Scenario, kernel: string, model: string, rows: Rows, modelRows: Rows): Compared {
  const expectedOf = (name: string): Rows => scenario.expected(traitsOf(name));
  const allowed = new Set(compareRows(expectedOf(kernel), expectedOf(model)).map(({ row }) => row));
  const different = compareRows(rows, modelRows);
  const differing = different.filter(({ row }) => !allowed.has(row));
  const names = new Set([...Object.keys(rows), ...Object.keys(modelRows)]);
  return {
    series: kernel,
    scenario: scenario.name,
    alike: names.size - different.length,
    differing,
    declared: different.length - differing.length,
  };
}

/** One line, and one for each row that differs without being declared to. */
export function describeCompared({ series, scenario, alike, differing, declared }: Compared): string[] {
  return [
    `${series} ${scenario} against the model: ${alike} rows alike, ${differing.length} not, ${declared} declared to differ`,
    ...differing.map(({ row, expected, found }) => `  ${row}: kernel ${expected}, model ${found}`),
  ];
}
