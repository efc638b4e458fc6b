/** Every scenario, once, in the order in which they run. */
import type { Scenario } from './scenario.js';
import { debugfsSplit } from './scenarios/debugfs-split.js';

export const SCENARIOS: readonly Scenario[] = [debugfsSplit];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
