import { command, LOOKS } from '../command.js';
import { manualCommands, manualPage } from '../manual.js';
import { VERSION } from '../version.js';

/** `octavo man`: the manual page as man(7) source. */
export const manCommand = command<Record<never, never>, []>(
  {
    brief: 'print the manual page',
    effect: LOOKS,
    description:
      'Prints the manual page of all commands as man(7) source, made from what the commands declare.',
    examples: [
      ['octavo man | man -l -', 'read it'],
      ['octavo man > /usr/local/share/man/man1/octavo.1', 'install it'],
    ],
  },
  {},
  async function () {
    const routes = await this.commandLine.routes();
    const introduction = routes.fullDescription ?? routes.brief;
    this.streams.out.write(manualPage(manualCommands(routes), VERSION, introduction));
  },
);
