/**
 * The model's shell: lines to commands. Start with runLine(); each table of commands says what its lines do, and none
 * keeps state of its own.
 */
import { CALLS } from './calls.js';
import { FILE_COMMANDS } from './file-commands.js';
import { MEMORY_COMMANDS } from './memory-commands.js';
import { answer, type LineAnswer, misuse, type ShellCommand, type ShellState } from './shell-command.js';
import { STATE_COMMANDS } from './state-commands.js';
import { readLine } from './words.js';

/** Every command by name. */
export const SHELL_COMMANDS: Readonly<Record<string, ShellCommand>> = {
  ...FILE_COMMANDS,
  ...MEMORY_COMMANDS,
  call: {
    usage: `call ${Object.keys(CALLS).join('|')} …`,
    brief: 'make a system call on a process of the model; `call NAME` alone shows its arguments',
    run: (state, words) => callByName(state, words),
  },
  ...STATE_COMMANDS,
  help: {
    usage: 'help',
    brief: 'show these lines',
    run: () => answer(helpText()),
  },
};

function callByName(state: ShellState, words: readonly string[]): LineAnswer | Promise<LineAnswer> {
  const [name, ...rest] = words;
  if (name === undefined || !Object.hasOwn(CALLS, name))
    return misuse(`calls are ${Object.keys(CALLS).join(', ')}`);
  const found = CALLS[name];
  return rest.length === 0 ? misuse(`call ${found.usage}`) : found.run(state, rest, undefined);
}

/** Returns usage and brief of every command and call. */
export function helpText(): string {
  const commands = Object.values(SHELL_COMMANDS).map(({ usage, brief }) => `${usage}\n    ${brief}`);
  const calls = Object.values(CALLS).map(({ usage, brief }) => `call ${usage}\n    ${brief}`);
  return [
    ...commands,
    ...calls,
    'expect ERRNO COMMAND …\n    succeeds only if the command fails with that errno',
  ].join('\n');
}

/** Runs one line. Empty lines and comments answer nothing. */
export async function runLine(state: ShellState, line: string): Promise<LineAnswer> {
  const read = readLine(line);
  if (typeof read === 'string') return misuse(read);
  const [name, ...rest] = read.words;
  if (name === undefined) return answer('');
  if (name === 'expect') return expectFailure(state, rest, read.target);
  return runCommand(state, name, rest, read.target);
}

async function runCommand(
  state: ShellState,
  name: string,
  words: readonly string[],
  target: string | undefined,
): Promise<LineAnswer> {
  if (!Object.hasOwn(SHELL_COMMANDS, name)) return misuse(`unknown command \`${name}\`; see \`help\``);
  if (target !== undefined && name !== 'echo') return misuse('only echo writes to a path');
  return SHELL_COMMANDS[name].run(state, words, target);
}

async function expectFailure(
  state: ShellState,
  [errno, name, ...rest]: readonly string[],
  target: string | undefined,
): Promise<LineAnswer> {
  if (errno === undefined || name === undefined) return misuse('expect ERRNO COMMAND …');
  const done = await runCommand(state, name, rest, target);
  if (done.failure?.kind === 'usage') return done;
  if (done.failure?.says === errno) return answer('');
  const found = done.failure === undefined ? 'it succeeded' : `it failed with ${done.failure.says}`;
  return { text: found, failure: { kind: 'errno', says: `expected ${errno}, but ${found}` } };
}
