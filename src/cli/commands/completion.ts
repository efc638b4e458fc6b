import { proposeCompletions } from '@stricli/core';
import { OctavoError } from '../../vocabulary/errors.js';
import { chosenHost } from '../chosen-host.js';
import { command } from '../command.js';
import type { OctavoContext } from '../context.js';
import { parseWord } from '../parameters.js';

/** The shell asks `octavo __complete -- WORD…`, so that no word is taken for an option; one proposal a line. */
const SCRIPTS = {
  bash: `_octavo() {
  local IFS=$'\\n'
  COMPREPLY=($(octavo __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _octavo octavo`,
  zsh: `#compdef octavo
_octavo() {
  local -a proposals
  proposals=("\${(@f)$(octavo __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "$proposals" ]] && compadd -- $proposals || _files
}
compdef _octavo octavo`,
  fish: `complete -c octavo -f -a '(octavo __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
} as const;

type Shell = keyof typeof SCRIPTS;

export const completionCommand = command<Record<never, never>, [string]>(
  {
    brief: 'print the completion script for a shell',
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

export const completeCommand = command<Record<never, never>, string[]>(
  {
    brief: 'propose completions for the words given',
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
    const { wholeApplication } = await import('../application.js');
    const proposals = await proposeCompletions(
      await wholeApplication(),
      chosenHost(words, undefined).words,
      this as never,
    );
    for (const { completion } of proposals) this.printExact(completion);
  },
);
