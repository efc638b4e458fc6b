/** Every scenario, once, in the order in which they run. */
import type { Scenario } from './scenario.js';
import { damonCommands } from './scenarios/damon-commands.js';
import { damonListen } from './scenarios/damon-listen.js';
import { damonOwners } from './scenarios/damon-owners.js';
import { damonStat } from './scenarios/damon-stat.js';
import { damonTuning } from './scenarios/damon-tuning.js';
import { damonView } from './scenarios/damon-view.js';
import { damosAdvice } from './scenarios/damos-advice.js';
import { damosCold } from './scenarios/damos-cold.js';
import { damosCollapse } from './scenarios/damos-collapse.js';
import { damosSplit } from './scenarios/damos-split.js';
import { damosTraps } from './scenarios/damos-traps.js';
import { debugfsSplit } from './scenarios/debugfs-split.js';

import { pingPong } from './scenarios/ping-pong.js';
import { pipeline } from './scenarios/pipeline.js';
import { shmem } from './scenarios/shmem.js';
import { targetOrder } from './scenarios/target-order.js';

export const SCENARIOS: readonly Scenario[] = [
  damonStat,
  debugfsSplit,
  damosCollapse,
  damosAdvice,
  damosSplit,
  damosTraps,
  damosCold,
  targetOrder,
  damonOwners,
  damonCommands,
  damonListen,
  damonTuning,
  shmem,
  damonView,
  pingPong,
  pipeline,
];
