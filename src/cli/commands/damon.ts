import { buildRouteMap } from '@stricli/core';
import { damonActCommand } from './damon-act.js';
import { damonApplyCommand } from './damon-apply.js';
import { damonHeatmapCommand } from './damon-heatmap.js';
import { damonShowCommand } from './damon-show.js';
import { damonStatusCommand } from './damon-status.js';

/** The commands below `octavo damon`. */
export const damonRoutes = buildRouteMap({
  routes: {
    status: damonStatusCommand,
    show: damonShowCommand,
    apply: damonApplyCommand,
    act: damonActCommand,
    heatmap: damonHeatmapCommand,
  },
  docs: { brief: 'look at and drive DAMON, the kernel’s access monitor' },
});
