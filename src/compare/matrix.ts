/** The matrix of a comparison: every policy on every workload, CPU, pressure and seed. */
import type { ScenarioFiles } from '../simulator/run/jobs.js';
import type { Scenario } from '../simulator/scenario/scenario.js';
import type { CellJob } from './cell-job.js';
import type { CellAnswer } from './cell-run.js';
import { type Cell, type CellPlace, cellOf, rowKey, withBestKnown } from './cells.js';
import { contenderOf, RULERS } from './contenders/catalogue.js';
import { onCpu, placeOf, underPressure } from './dress.js';

/** A scenario of the comparison: the user's file or a line of the table. */
export interface MatrixWorkload {
  readonly name: string;
  readonly scenario: Scenario;
  readonly files: ScenarioFiles;
  /** memory.max as a multiple of the data; undefined without a bound. */
  readonly pressures: readonly (number | undefined)[];
  /** Path of a recording among the files, which stands for the scenario's workload. */
  readonly recording?: string;
}

/** What is combined with what. */
export interface MatrixAxes {
  readonly workloads: readonly MatrixWorkload[];
  readonly cpus: readonly Scenario['host']['cpu'][] | undefined;
  readonly seeds: readonly number[];
  /** The rulers are run with them, whether named or not. */
  readonly policies: readonly string[];
}

/** A cell that is to be run. */
export interface PlannedCell {
  readonly place: CellPlace;
  readonly scenario: Scenario;
  readonly files: ScenarioFiles;
  readonly pressure: number | undefined;
  readonly recording: string | undefined;
  /** Why it cannot be run at all. */
  readonly unable: string | undefined;
}

/** Cells in the order in which they are run: rulers first, since the others are measured by them. */
export function plannedCells({ workloads, cpus, seeds, policies }: MatrixAxes): readonly PlannedCell[] {
  const rulers = RULERS.map(({ name }) => name);
  const others = policies.filter((policy) => !rulers.includes(policy));
  const rows = workloads.flatMap(({ name, scenario, files, pressures, recording }) =>
    (cpus ?? [scenario.host.cpu]).flatMap((cpu) =>
      pressures.flatMap((pressure) =>
        seeds.map((seed) => ({ name, scenario, files, pressure, recording, cpu, seed })),
      ),
    ),
  );
  const cell = (
    { name, scenario, files, pressure, recording, cpu, seed }: (typeof rows)[number],
    policy: string,
  ) => {
    const own = onCpu(scenario, cpu);
    const place = { workload: name, cpu, pressure: pressureName(pressure), policy, seed };
    const unable =
      own === undefined
        ? `${cpu} has no base pages of ${scenario.host.pageSize} bytes`
        : unableThere(policy, own);
    return { place, scenario: own ?? scenario, files, pressure, recording, unable };
  };
  return [...rulers, ...others].flatMap((policy) => rows.map((row) => cell(row, policy)));
}

/** Returns a pressure as cells name it; `none` without a bound on memory. */
export const pressureName = (pressure: number | undefined): string =>
  pressure === undefined ? 'none' : String(pressure);

function unableThere(policy: string, scenario: Scenario): string | undefined {
  const contender = contenderOf(policy);
  if (contender === undefined) return `no policy is called ${policy}`;
  return contender.unable?.(placeOf(scenario));
}

/** What a worker thread runs. */
export function jobOf({ place, scenario, files, pressure, recording }: PlannedCell): CellJob {
  const dressed = pressure === undefined ? scenario : underPressure(scenario, pressure);
  return { scenario: dressed, contender: place.policy, seed: place.seed, files, recording };
}

/** The cells with their figures, in the order of the plan. */
export function scoredCells(cells: readonly PlannedCell[], answers: readonly CellAnswer[]): readonly Cell[] {
  const rulers = new Map<string, Partial<Record<string, CellAnswer>>>();
  for (const [index, { place }] of cells.entries()) {
    const row = rulers.get(rowKey(place)) ?? {};
    rulers.set(rowKey(place), row);
    if (RULERS.some(({ name }) => name === place.policy)) row[place.policy] = answers[index];
  }
  const scored = cells.map(({ place }, index) => {
    const { never, always } = rulers.get(rowKey(place)) ?? {};
    const ruled =
      never?.kind === 'run' && always?.kind === 'run' ? { never: never.run, always: always.run } : undefined;
    return cellOf(place, answers[index], ruled);
  });
  return withBestKnown(scored);
}
