import { type Application, buildApplication, ExitCode, type RouteMap, run } from '@stricli/core';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { CommandLine, OctavoContext } from '../context.js';
import { manualCommands } from '../manual.js';
import { codedTexts, emptyValue } from '../usage.js';
import { VERSION } from '../version.js';
import {
  COMMAND_NAMES,
  type Commands,
  everyRoute,
  isCommandName,
  loadCommands,
  routesTo,
} from './command-table.js';

/** How far a mistyped word may be from what is proposed: two letters changed, or a few left out. */
const NEAR = { threshold: 4, weights: { insertion: 1, deletion: 2, substitution: 2, transposition: 0 } };

/** The command line with these routes, for the words of one call. */
export function applicationOf(
  routes: RouteMap<OctavoContext>,
  command = 'octavo',
  words: readonly string[] = [],
): Application<OctavoContext> {
  return buildApplication(routes, {
    name: 'octavo',
    versionInfo: { currentVersion: VERSION },
    scanner: {
      caseStyle: 'allow-kebab-for-camel',
      allowArgumentEscapeSequence: true,
      distanceOptions: NEAR,
    },
    documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
    completion: { includeHiddenRoutes: false },
    localization: { text: codedTexts(command, words) },
  });
}

/** Every command, loaded only when it is asked for. */
export const COMMAND_LINE: CommandLine = {
  run: runCommandLine,
  application: async () => applicationOf(await everyRoute()),
  routes: everyRoute,
  names: COMMAND_NAMES,
};

interface ChosenCommand {
  /** `octavo damon act`, as far as the words name commands. */
  readonly command: string;
  readonly routes: RouteMap<OctavoContext>;
  /** Names of its options; undefined where no command is named. */
  readonly options: ReadonlySet<string> | undefined;
}

/** With the one command that the words name, or with all where they name none: then help or a proposal is due. */
async function chosenCommand(
  [name, next]: readonly string[],
  own: Partial<Commands>,
): Promise<ChosenCommand> {
  if (!isCommandName(name)) {
    return { command: 'octavo', routes: await everyRoute(), options: undefined };
  }
  const commands: Partial<Commands> = {
    ...(await loadCommands([name])),
    ...(name in own ? { [name]: own[name] } : {}),
  };
  const target = commands[name];
  const nested = target !== undefined && 'getAllEntries' in target ? target.getAllEntries() : [];
  const inner = nested.some((entry) => entry.name.original === next) ? ` ${next}` : '';
  const routes = routesTo(commands);
  return { command: `octavo ${name}${inner}`, routes, options: optionsOf(routes, `${name}${inner}`) };
}

function optionsOf(routes: RouteMap<OctavoContext>, words: string): ReadonlySet<string> | undefined {
  const found = manualCommands(routes).find((command) => command.words === words);
  return found && new Set(found.flags.map(({ name }) => name));
}

/**
 * Runs one command line and returns its exit code, one of EXIT or that of a program it hands on. Commands in `own` stand
 * in for those of their names.
 */
export async function runCommandLine(
  given: readonly string[],
  context: OctavoContext,
  own: Partial<Commands> = {},
): Promise<number> {
  const words = given.length === 1 && given[0] === '-V' ? ['--version'] : given;
  const { command, routes, options } = await chosenCommand(words, own);
  context.command = command;
  context.commandLine = COMMAND_LINE;
  context.hasOption = (option) => options?.has(option) ?? true;
  try {
    const empty = emptyValue(words, command);
    if (empty !== undefined) throw empty;
    return await runParsed(applicationOf(routes, command, words), words, context);
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    context.fail(problem, wantsJson(words));
    return context.exitCode;
  }
}

async function runParsed(
  application: Application<OctavoContext>,
  words: readonly string[],
  context: OctavoContext,
): Promise<number> {
  const process: { exitCode?: number | string | null } = {};
  await run(application, words, {
    process: Object.assign(process, context.process, { env: { STRICLI_NO_COLOR: '1' } }),
    forCommand: () => context,
  });
  context.progress.clear();
  return Number(process.exitCode ?? 0) === ExitCode.Success ? context.exitCode : EXIT.bug;
}

/** Whether a script waits for a document: what it asked for is known even where the command line is wrong. */
export function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
}
