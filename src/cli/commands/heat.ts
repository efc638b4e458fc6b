import { buildRouteMap } from '@stricli/core';
import { heatDiffCommand } from './heat-diff.js';
import { heatMergeCommand } from './heat-merge.js';
import { heatShowCommand } from './heat-show.js';

/** The commands below `octavo heat`. */
export const heatRoutes = buildRouteMap({
  routes: { show: heatShowCommand, merge: heatMergeCommand, diff: heatDiffCommand },
  docs: { brief: 'draw heat files, put them together, and tell what changed between two' },
});
