import { proposeCompletions } from '@stricli/core';
import { OctavoError } from '../../vocabulary/errors.js';
import { chosenHost } from '../chosen-host.js';
import { command, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { parseWord } from '../parameters.js';

/**
 * The shell asks `octavo __complete -- WORD…`, so that no word is taken for an option; one proposal a line. Without a
 * proposal each shell completes files. zsh autoloads the file as the function on the first TAB, which must then answer.
 */
const SCRIPTS = {
  bash: `_octavo() {
  local IFS=$'\\n'
  COMPREPLY=($(octavo __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -o default -F _octavo octavo`,
  zsh: `#compdef octavo
_octavo() {
  local -a proposals
  proposals=("\${(@f)$(octavo __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "$proposals" ]] && compadd -- $proposals || _files
}
if [[ "$funcstack[1]" == _octavo ]]; then _octavo "$@"; else compdef _octavo octavo; fi`,
  fish: `function __octavo_complete
  set -l proposals (octavo __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $proposals) -gt 0
    printf '%s\\n' $proposals
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c octavo -f -a '(__octavo_complete)'`,
} as const;

type Shell = keyof typeof SCRIPTS;

/** `octavo completion SHELL`: prints a script for bash, zsh or fish. */
export const completionCommand = command<Record<never, never>, [string]>(
  {
    brief: 'print the completion script for a shell',
    effect: LOOKS,
    description:
      'Prints a script that completes commands, options and their values. Source it from your shell’s start-up file.',
    examples: [
      ['octavo completion bash >> ~/.bashrc', 'complete in bash'],
      ['octavo completion zsh > ~/.zfunc/_octavo', 'complete in zsh, with ~/.zfunc in fpath'],
      ['octavo completion fish > ~/.config/fish/completions/octavo.fish', 'complete in fish'],
    ],
  },
  {
    positional: {
      kind: 'tuple',
      parameters: [
        {
          placeholder: 'shell',
          brief: 'bash, zsh or fish',
          parse: parseWord,
          proposeCompletions: () => Object.keys(SCRIPTS),
        },
      ],
    },
  },
  function (_flags, shell) {
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new OctavoError('USAGE', { problem: `no completion for shell ${shell}`, command: 'completion' });
    }
    this.printExact(SCRIPTS[shell as Shell]);
  },
);

/** The hidden command that those scripts call at TAB. */
export const completeCommand = command<Record<never, never>, string[]>(
  {
    brief: 'propose completions for the words given',
    effect: LOOKS,
    description: 'Used by the scripts of `octavo completion`.',
    examples: [],
  },
  {
    positional: {
      kind: 'array',
      parameter: { placeholder: 'words', brief: 'The words so far; the last may be partial', parse: String },
    },
  },
  async function (this: OctavoContext, _flags, ...words) {
    const { prefix, asked } = askedFor(chosenHost(words, undefined).words);
    const proposals = await proposeCompletions(await this.commandLine.application(), asked, this as never);
    const partial = asked[asked.length - 1] ?? '';
    for (const { completion } of proposals) {
      if (isUseful(completion, partial)) this.printExact(`${prefix}${completion}`);
    }
  },
);

interface Asked {
  /** What stands before the proposals in the same word: `--policy=`. */
  readonly prefix: string;
  readonly asked: readonly string[];
}

/** `--policy=re` as two words; bash hands `=` over as a word of its own. */
function askedFor(words: readonly string[]): Asked {
  const whole = words.filter((word) => word !== '=');
  const last = whole[whole.length - 1] ?? '';
  const [, option, value] = /^(--[a-z][\w-]*)=(.*)$/s.exec(last) ?? [];
  if (option !== undefined) return { prefix: `${option}=`, asked: [...whole.slice(0, -1), option, value] };
  const isOpen = words[words.length - 1] === '=';
  return { prefix: '', asked: isOpen ? [...whole, ''] : whole };
}

/** Options only for who begins one: an argument is often a file, and those are the shell's to complete. */
function isUseful(completion: string, partial: string): boolean {
  if (completion === '--' || completion.startsWith('__')) return false;
  return !completion.startsWith('-') || partial.startsWith('-');
}
