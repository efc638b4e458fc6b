import { buildRouteMap } from '@stricli/core';
import { modelMountCommand } from './model-mount.js';
import { modelRunCommand } from './model-run.js';
import { modelShellCommand } from './model-shell.js';

/** The commands below `octavo model`. */
export const modelRoutes = buildRouteMap({
  routes: { shell: modelShellCommand, mount: modelMountCommand, run: modelRunCommand },
  docs: { brief: 'a model of the kernel’s memory management to poke, mount and run tools against' },
});
