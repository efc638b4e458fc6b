/** Every command, once. Help, completion and the manual page are made from this table. */
import { buildRouteMap } from '@stricli/core';
import { applyCommand } from './commands/apply.js';
import { completeCommand, completionCommand } from './commands/completion.js';
import { damonRoutes } from './commands/damon.js';
import { doctorCommand } from './commands/doctor.js';
import { importCommand } from './commands/import.js';
import { inspectCommand } from './commands/inspect.js';
import { launchCommand } from './commands/launch.js';
import { manCommand } from './commands/man.js';
import { modelRoutes } from './commands/model.js';
import { planCommand } from './commands/plan.js';
import { recordCommandLine } from './commands/record.js';
import { recordHostCommand } from './commands/record-host.js';
import { reportCommand } from './commands/report.js';
import { runCommand } from './commands/run.js';
import { runsCommand } from './commands/runs.js';
import { simulateCommand } from './commands/simulate.js';
import { undoCommand } from './commands/undo.js';

export const COMMANDS = {
  doctor: doctorCommand,
  inspect: inspectCommand,
  plan: planCommand,
  apply: applyCommand,
  undo: undoCommand,
  run: runCommand,
  runs: runsCommand,
  import: importCommand,
  record: recordCommandLine,
  report: reportCommand,
  damon: damonRoutes,
  simulate: simulateCommand,
  model: modelRoutes,
  'record-host': recordHostCommand,
  launch: launchCommand,
  man: manCommand,
  completion: completionCommand,
  __complete: completeCommand,
} as const;

export const routes = buildRouteMap({
  routes: COMMANDS,
  docs: {
    brief: 'Huge pages where memory is hot, small pages where it is cold',
    fullDescription: [
      'Octavo looks at a process’s memory below 2 MiB, says which transparent huge pages are worth keeping,',
      'splits and collapses within budgets, verifies by page sizes, and can take it back.',
      'With --host DIR before the command, or OCTAVO_HOST in the environment, a recorded host stands in for this one.',
      'Start with `octavo doctor`, then `octavo inspect PID` and `octavo plan PID`. Nothing changes before `apply` or `run`.',
    ].join('\n'),
    hideRoute: { __complete: true },
  },
});
