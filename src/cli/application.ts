import { type Application, buildApplication, ExitCode, type RouteMap, run, text_en } from '@stricli/core';
import { EXIT } from '../vocabulary/errors.js';
import { isCommandName, loadCommands, routesTo } from './command-table.js';
import type { OctavoContext } from './context.js';
import { VERSION } from './version.js';

/** The command line with these routes. */
function applicationOf(routes: RouteMap<OctavoContext>): Application<OctavoContext> {
  return buildApplication(routes, {
    name: 'octavo',
    versionInfo: { currentVersion: VERSION },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
    completion: { includeHiddenRoutes: false },
    localization: {
      text: {
        ...text_en,
        exceptionWhileRunningCommand: (problem) =>
          `octavo: this is a bug, please report it with the command line\n${traceOf(problem)}`,
      },
    },
  });
}

/** The command line with every command. */
export async function wholeApplication(): Promise<Application<OctavoContext>> {
  return applicationOf((await import('./catalogue.js')).routes);
}

/** With the one command that the words name, or with all where they name none: then help or a proposal is due. */
async function applicationFor(words: readonly string[]): Promise<Application<OctavoContext>> {
  const name = words[0];
  return isCommandName(name) ? applicationOf(routesTo(await loadCommands([name]))) : wholeApplication();
}

/** Runs one command line and answers its exit code, one of EXIT. */
export async function runCommandLine(words: readonly string[], context: OctavoContext): Promise<number> {
  const process: { exitCode?: number | string | null } = {};
  await run(await applicationFor(words), words, {
    process: Object.assign(process, context.process, { env: { STRICLI_NO_COLOR: '1' } }),
    forCommand: () => context,
  });
  context.progress.clear();
  const code = Number(process.exitCode ?? 0);
  return code === ExitCode.Success ? context.exitCode : exitOf(code);
}

function exitOf(code: number): number {
  return code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument ? EXIT.usage : EXIT.bug;
}

function traceOf(problem: unknown): string {
  return problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
}
