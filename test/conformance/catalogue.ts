/** Every scenario, once, in the order in which they run. */
import type { Scenario } from './scenario.js';
import { damonListen } from './scenarios/damon-listen.js';
import { damonOwners } from './scenarios/damon-owners.js';
import { damonView } from './scenarios/damon-view.js';
import { damosAdvice } from './scenarios/damos-advice.js';
import { damosCollapse } from './scenarios/damos-collapse.js';
import { damosSplit } from './scenarios/damos-split.js';
import { debugfsSplit } from './scenarios/debugfs-split.js';

import { pingPong } from './scenarios/ping-pong.js';
import { pipeline } from './scenarios/pipeline.js';
import { shmem } from './scenarios/shmem.js';
import { targetOrder } from './scenarios/target-order.js';

export const SCENARIOS: readonly Scenario[] = [
  debugfsSplit,
  damosCollapse,
  damosAdvice,
  damosSplit,
  targetOrder,
  damonOwners,
  damonListen,
  shmem,
  damonView,
  pingPong,
  pipeline,
];
