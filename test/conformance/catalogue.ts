/** Every scenario, once, in the order in which they run. */
import type { Scenario } from './scenario.js';
import { damosAdvice } from './scenarios/damos-advice.js';
import { damosCollapse } from './scenarios/damos-collapse.js';
import { debugfsSplit } from './scenarios/debugfs-split.js';

export const SCENARIOS: readonly Scenario[] = [debugfsSplit, damosCollapse, damosAdvice];
