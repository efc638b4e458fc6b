import type { Answer, Files } from '../../host/host.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { ModelHost } from '../host/model-host.js';

/** The result of a line: text to print, and why it failed, if it did. */
export interface LineAnswer {
  readonly text: string;
  /** `errno`: the kernel refused. `usage`: the line itself is wrong. */
  readonly failure?: { readonly kind: 'errno' | 'usage'; readonly says: string };
}

/** What commands work on. `host` is replaced by `resume`. */
export interface ShellState {
  host: ModelHost;
  /** Files of the machine the shell runs on: snapshots go there and come from there. */
  readonly outside: Pick<Files, 'readBytes' | 'writeFile'>;
  /** Puts more files into a model just made or resumed (DAMON). */
  readonly extend: (host: ModelHost) => void;
  /** Octavo's own command line on the model: its exit code, and everything that it printed. */
  readonly octavo: (host: ModelHost, words: readonly string[]) => Promise<{ code: number; text: string }>;
}

/** A command of the shell with its help. */
export interface ShellCommand {
  readonly usage: string;
  readonly brief: string;
  run(
    state: ShellState,
    words: readonly string[],
    target: string | undefined,
  ): LineAnswer | Promise<LineAnswer>;
}

/** Returns an answer with a text. */
export const answer = (text: string): LineAnswer => ({ text });
/** Returns an answer with the kernel's errno. */
export const refusal = (errno: ErrnoName): LineAnswer => ({
  text: errno,
  failure: { kind: 'errno', says: errno },
});
/** Returns an answer that says how the command is used. */
export const misuse = (says: string): LineAnswer => ({ text: says, failure: { kind: 'usage', says } });

/** What the host answered, as a line: the value in words, or the errno. */
export function lineOf<Value>(found: Answer<Value>, words: (value: Value) => string): LineAnswer {
  return found.ok ? answer(words(found.value)) : refusal(found.error.errno);
}
