/** A scenario without an agent, dressed as one contender wants it: the input of one run. */
import { KdamondText } from '../simulator/scenario/damon-text.js';
import { hostGeometry, type Scenario, ScenarioSchema } from '../simulator/scenario/scenario.js';
import { GIB, type Nanoseconds } from '../vocabulary/units.js';
import type { Contender, Place } from './contenders/contender.js';

/** Times in a run at which layouts are looked at. */
export const ROWS = 100;
/** User space acts eight times in a run, the last time before its end: what is done at the end is nothing but cost. */
const TURNS = 8;

/** Returns when turns are taken in a scenario: at equal distances, the last of them before its end. */
export function placeOf(scenario: Scenario): Place {
  // Rounded up, so that no further turn falls on the end of the run, where its changes would be all cost.
  const every: Nanoseconds = Math.max(1e6, Math.floor(scenario.duration / (TURNS + 1)) + 1);
  return { scenario, geometry: hostGeometry(scenario.host), start: every, every };
}

/** The scenario with the contender on its host. */
export function dress(scenario: Scenario, contender: Contender): Scenario {
  const place = placeOf(scenario);
  const rule = contender.rule?.(place);
  const { pmu, ...others } = scenario;
  return {
    ...others,
    ...(rule?.samples === true ? { pmu: pmu ?? ScenarioSchema.shape.pmu.unwrap().parse({}) } : {}),
    host: { ...scenario.host, thp: { ...scenario.host.thp, ...contender.thp(place) } },
    report: Math.max(1, Math.round(scenario.duration / ROWS)),
    events: [...scenario.events, ...(contender.events?.(place) ?? [])],
    damon: [...scenario.damon, ...(contender.damon?.(place) ?? []).map((text) => KdamondText.parse(text))],
    agent: rule && {
      policy: contender.name,
      parameters: { ...rule.parameters },
      targets: scenario.processes.map(({ name }) => name),
      start: place.start,
      every: place.every,
      sources: rule.samples ? ['occupancy', 'pmu'] : ['occupancy'],
    },
  };
}

/** The same on another CPU; undefined when that has no such base pages. */
export function onCpu(scenario: Scenario, cpu: Scenario['host']['cpu']): Scenario | undefined {
  const host = { ...scenario.host, cpu };
  const geometry = hostGeometry(host);
  return geometry.pageBytes === host.pageSize ? { ...scenario, host } : undefined;
}

/** Each process in a cgroup with memory.max at a multiple of its data, with room to swap to. */
export function underPressure(scenario: Scenario, factor: number): Scenario {
  const { swap, zswap, memory } = scenario.host;
  return {
    ...scenario,
    host: { ...scenario.host, swap: swap || Math.max(GIB, memory), zswap: zswap || Math.floor(memory / 4) },
    processes: scenario.processes.map((process) => ({
      ...process,
      limit: process.limit ?? { ofData: factor },
    })),
  };
}
