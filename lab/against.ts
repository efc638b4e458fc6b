/** Sets a kernel's outcome rows beside the model's: what the model should have shown and did not. */
import { traitsOf } from '../test/conformance/differences.js';
import { type ModelRelease, modelStage } from '../test/conformance/model-stage.js';
import { compareRows, type Rows, type Scenario } from '../test/conformance/scenario.js';
import type { LabRun } from './run.js';

/** One line for each scenario, and one for each row that differs and is not declared to. */
export async function againstModel(run: LabRun, scenarios: readonly Scenario[]): Promise<string[]> {
  const lines: string[] = [];
  for (const scenario of scenarios) {
    const result = run.results.find(({ scenario: name }) => name === scenario.name);
    if (!result || result.problem || result.verdict === 'not run') continue;
    const stage = modelStage(run.series as ModelRelease, () => undefined);
    const rows = await scenario.run(stage);
    const declared = declaredDifferences(scenario, run.series, stage.kernel);
    const differing = compareRows(result.rows, rows).filter(({ row }) => !declared.has(row));
    const same = Object.keys(rows).length - differing.length - declared.size;
    lines.push(
      `${run.series} ${scenario.name} against the model: ${same} rows alike, ${differing.length} not, ${declared.size} declared to differ`,
      ...differing.map(({ row, expected, found }) => `  ${row}: kernel ${expected}, model ${found}`),
    );
  }
  return lines;
}

function declaredDifferences(scenario: Scenario, kernel: string, model: string): Set<string> {
  const expectedOf = (name: string): Rows => scenario.expected(traitsOf(name));
  return new Set(compareRows(expectedOf(kernel), expectedOf(model)).map(({ row }) => row));
}
