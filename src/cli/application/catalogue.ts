/** All commands, loaded: for tests and scripts that check them. */
import { COMMAND_NAMES, loadCommands, routesTo } from './command-table.js';

/** Every command by its name. Importing this file loads all of them. */
export const COMMANDS = await loadCommands(COMMAND_NAMES);

/** The route map over all commands, as help, completion and the manual page walk it. */
export const routes = routesTo(COMMANDS);
