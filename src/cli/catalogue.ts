/** Every command, once. Help, completion and the manual page are made from this table. */
import { buildRouteMap } from '@stricli/core';
import { completeCommand, completionCommand } from './commands/completion.js';

export const COMMANDS = {
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
      'Start with `octavo doctor`, then `octavo inspect PID` and `octavo plan PID`. Nothing changes before `apply` or `run`.',
    ].join('\n'),
    hideRoute: { __complete: true },
  },
});
