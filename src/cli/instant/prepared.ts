/**
 * What some command lines print, prepared when the package is made (scripts/prepared-texts.mjs): loading every command
 * only to print its help or to propose its options takes several times as long as starting Node.
 */
export interface Prepared {
  /** Help and version by the words of the command line, before they are laid out for a terminal. */
  readonly pages: Readonly<Record<string, string>>;
  /** Scripts that another program reads, printed as they are. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Proposals by the words of a command or of a group of commands, '' for the whole program. */
  readonly proposals: Readonly<Record<string, Proposals>>;
}

/** What TAB may propose behind a given command. */
export interface Proposals {
  /** Names of the commands of a group; undefined behind a command, whose arguments may be anything. */
  readonly commands?: readonly string[];
  /** Options, each with its two hyphens. */
  readonly options: readonly string[];
}

/** A prepared text and how it is to be printed. */
export interface Answer {
  readonly text: string;
  /** Whether a program reads it, so that it must not be laid out. */
  readonly isExact: boolean;
}

/** What these words print; undefined when that was not prepared, and the command itself must say it. */
export function preparedAnswer(words: readonly string[], prepared: Prepared): Answer | undefined {
  if (words[0] === '__complete') return words[1] === '--' ? proposed(words.slice(2), prepared) : undefined;
  const key = normalised(words).join(' ');
  if (Object.hasOwn(prepared.scripts, key)) return { text: prepared.scripts[key], isExact: true };
  return Object.hasOwn(prepared.pages, key) ? { text: prepared.pages[key], isExact: false } : undefined;
}

/** `help plan` and `plan -h` are `plan --help`. */
function normalised(words: readonly string[]): readonly string[] {
  if (words.length === 1 && words[0] === '-V') return ['--version'];
  const last = words.at(-1);
  if (words[0] === 'help' && !words.some((word) => word.startsWith('-')))
    return [...words.slice(1), '--help'];
  return last === '-h' ? [...words.slice(0, -1), '--help'] : words;
}

/** Commands of a group, or options directly behind a command; what depends on this machine is not prepared. */
function proposed(words: readonly string[], { proposals }: Prepared): Answer | undefined {
  const partial = words.at(-1) ?? '';
  const place = words.slice(0, -1).join(' ');
  if (words.length === 0 || partial.includes('=') || !Object.hasOwn(proposals, place)) return undefined;
  const { commands, options } = proposals[place];
  const names = partial.startsWith('--') ? options : partial.startsWith('-') ? undefined : commands;
  if (names === undefined) return undefined;
  const fitting = names.filter((name) => name.startsWith(partial));
  return { text: fitting.map((name) => `${name}\n`).join(''), isExact: true };
}
