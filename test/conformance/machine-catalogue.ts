/** Scenarios that need a machine of a certain kind: they run on the machines of lab/machines.ts that name them. */
import type { Scenario } from './scenario.js';
import { fullCgroup } from './scenarios/full-cgroup.js';
import { guestMemory } from './scenarios/guest-memory.js';
import { lockedDown } from './scenarios/locked-down.js';
import { sameBytes } from './scenarios/same-bytes.js';
import { swapped } from './scenarios/swapped.js';

export const MACHINE_SCENARIOS: readonly Scenario[] = [
  guestMemory,
  swapped,
  lockedDown,
  fullCgroup,
  sameBytes,
];
