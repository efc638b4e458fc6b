/** Whether standard streams are terminals, without loading Node's terminals where they are none. */
import { fstatSync } from 'node:fs';

const MEMORY_DEVICES = 1;
const MAJOR_SHIFT = 8;

/** Whether a descriptor cannot be a terminal: no character device, or one of memory (/dev/null, /dev/full). */
export function isNoTerminal(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return !status.isCharacterDevice() || status.rdev >>> MAJOR_SHIFT === MEMORY_DEVICES;
  } catch {
    return false;
  }
}

/** Whether a file descriptor is a terminal. */
export function isTerminal(descriptor: number): boolean {
  return !isNoTerminal(descriptor) && process.getBuiltinModule('node:tty').isatty(descriptor);
}
