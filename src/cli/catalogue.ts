/** All commands, loaded: for help, completion, the manual page and whatever checks them. */
import { COMMAND_NAMES, loadCommands, routesTo } from './command-table.js';

export const COMMANDS = await loadCommands(COMMAND_NAMES);

export const routes = routesTo(COMMANDS);
