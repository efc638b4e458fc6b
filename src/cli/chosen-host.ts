/** Which host a command line is about. Pure. */
export interface ChosenHost {
  /** Folder of a recording; undefined for this machine. */
  readonly recording: string | undefined;
  /** The command line without the choice. */
  readonly words: readonly string[];
}

/**
 * `--host DIR` or `--host=DIR` before the command, else the environment's OCTAVO_HOST; an empty one counts as none. A
 * `--host` without a folder stays in the words, where it is an unknown command.
 */
export function chosenHost(words: readonly string[], environment: string | undefined): ChosenHost {
  const [first, second, ...rest] = words;
  if (first?.startsWith('--host='))
    return { recording: first.slice('--host='.length), words: words.slice(1) };
  if (first === '--host' && second !== undefined) return { recording: second, words: rest };
  return { recording: environment || undefined, words };
}
