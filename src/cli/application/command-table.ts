/**
 * Every command, once, by how it is loaded: a command line loads the one that it names, since all of them together
 * take several times as long to start as to read a recording. Help, completion and the manual page load all.
 */
import { buildRouteMap, type RouteMap } from '@stricli/core';
import type { OctavoContext } from '../context.js';

/** How each command of the first level is loaded, in the order of `octavo help`. */
export const COMMAND_LOADERS = {
  doctor: async () => (await import('../commands/doctor.js')).doctorCommand,
  survey: async () => (await import('../commands/survey.js')).surveyCommand,
  top: async () => (await import('../commands/top.js')).topCommand,
  inspect: async () => (await import('../commands/inspect.js')).inspectCommand,
  plan: async () => (await import('../commands/plan.js')).planCommand,
  apply: async () => (await import('../commands/apply.js')).applyCommand,
  undo: async () => (await import('../commands/undo.js')).undoCommand,
  run: async () => (await import('../commands/run.js')).runCommand,
  probe: async () => (await import('../commands/probe.js')).probeCommand,
  runs: async () => (await import('../commands/runs.js')).runsCommand,
  explain: async () => (await import('../commands/explain.js')).explainCommand,
  history: async () => (await import('../commands/history.js')).historyCommand,
  import: async () => (await import('../commands/import.js')).importCommand,
  record: async () => (await import('../commands/record.js')).recordCommandLine,
  heat: async () => (await import('../commands/heat.js')).heatRoutes,
  report: async () => (await import('../commands/report.js')).reportCommand,
  dashboard: async () => (await import('../commands/dashboard.js')).dashboardCommand,
  damon: async () => (await import('../commands/damon.js')).damonRoutes,
  agent: async () => (await import('../commands/agent.js')).agentCommand,
  status: async () => (await import('../commands/status.js')).statusCommand,
  config: async () => (await import('../commands/config.js')).configRoutes,
  simulate: async () => (await import('../commands/simulate.js')).simulateCommand,
  compare: async () => (await import('../commands/compare.js')).compareCommand,
  model: async () => (await import('../commands/model.js')).modelRoutes,
  'record-host': async () => (await import('../commands/record-host.js')).recordHostCommand,
  launch: async () => (await import('../commands/launch.js')).launchCommand,
  help: async () => (await import('../commands/help.js')).helpCommand,
  man: async () => (await import('../commands/man.js')).manCommand,
  completion: async () => (await import('../commands/completion.js')).completionCommand,
  __complete: async () => (await import('../commands/completion.js')).completeCommand,
} as const;

/** Name of a command of the first level. */
export type CommandName = keyof typeof COMMAND_LOADERS;
/** Loaded commands by name. */
export type Commands = { [Name in CommandName]: Awaited<ReturnType<(typeof COMMAND_LOADERS)[Name]>> };

/** Names of all commands, in the order of `octavo help`. */
export const COMMAND_NAMES = Object.keys(COMMAND_LOADERS) as CommandName[];

/** Whether a word of the command line names a command of the first level. */
export function isCommandName(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(COMMAND_LOADERS, word);
}

/** The routes to every command, which takes a while to load: for help, proposals and the manual page. */
export async function everyRoute(): Promise<RouteMap<OctavoContext>> {
  return routesTo(await loadCommands(COMMAND_NAMES));
}

/** The commands of these names. */
export async function loadCommands(names: readonly CommandName[]): Promise<Commands> {
  const loaded = names.map(async (name) => [name, await COMMAND_LOADERS[name]()] as const);
  return Object.fromEntries(await Promise.all(loaded)) as Commands;
}

/** The routes to these commands. */
export function routesTo(commands: Partial<Commands>): RouteMap<OctavoContext> {
  return buildRouteMap({
    routes: commands as Commands,
    docs: {
      brief: 'Huge pages where memory is hot, small pages where it is cold',
      fullDescription: [
        'Octavo looks at a process’s memory below 2 MiB, says which transparent huge pages are worth keeping,',
        'splits and collapses within budgets, verifies by page sizes, and can take it back.',
        'With --host DIR before the command, or OCTAVO_HOST in the environment, a recorded host stands in for this one.',
        'Start with `octavo doctor`, then `octavo inspect PID` and `octavo plan PID`. What acts says so in its help.',
        'New to huge pages: docs/huge-pages-in-five-minutes.md; every word of it: docs/glossary.md.',
      ].join('\n'),
      hideRoute: { __complete: true },
    },
  });
}
