import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Whether PATH leads to no file of this name. A folder of PATH that this user may not search makes execvp(3) say EACCES,
 * although the program is in no other one.
 */
export function isNowhere(command: string): boolean {
  if (command.includes('/')) return false;
  return !(process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}
