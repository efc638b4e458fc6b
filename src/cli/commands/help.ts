import { command, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';

/** `octavo help [COMMAND]`. */
export const helpCommand = command<Record<never, never>, string[]>(
  {
    brief: 'show what a command does, with examples, options and exit codes',
    effect: LOOKS,
    description:
      'The same as --help behind the command; without a command, the list of all of them. New to huge pages?\nRead docs/huge-pages-in-five-minutes.md; words are explained in docs/glossary.md.',
    examples: [
      ['octavo help', 'all commands'],
      ['octavo help damon act', 'one of them'],
    ],
  },
  {
    positional: {
      kind: 'array',
      parameter: {
        placeholder: 'command',
        brief: 'Words of a command',
        parse: String,
        proposeCompletions(this: OctavoContext) {
          return this.commandLine.names;
        },
      },
    },
  },
  async function (this: OctavoContext, _flags, ...words) {
    this.endsWithCode(await this.commandLine.run([...words, '--help'], this));
  },
);
