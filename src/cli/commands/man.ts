import { command, LOOKS } from '../command.js';
import { manualCommands, manualPage } from '../manual.js';
import { VERSION } from '../version.js';

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
    // The table holds this command, so that the routes can only be had once it is loaded.
    const { everyRoute } = await import('../command-table.js');
    const routes = await everyRoute();
    const introduction = routes.fullDescription ?? routes.brief;
    this.streams.out.write(manualPage(manualCommands(routes), VERSION, introduction));
  },
);
