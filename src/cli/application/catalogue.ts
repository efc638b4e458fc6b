/** All commands, loaded: for tests and scripts that check them. */
import { COMMAND_NAMES, loadCommands, routesTo } from './command-table.js';

export const COMMANDS = await loadCommands(COMMAND_NAMES);

export const routes = routesTo(COMMANDS);
