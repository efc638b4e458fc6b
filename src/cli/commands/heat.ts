import { buildRouteMap } from '@stricli/core';
import { heatDiffCommand } from './heat-diff.js';
import { heatMergeCommand } from './heat-merge.js';

export const heatRoutes = buildRouteMap({
  routes: { merge: heatMergeCommand, diff: heatDiffCommand },
  docs: { brief: 'put heat files together, and tell what changed between two' },
});
