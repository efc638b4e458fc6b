/**
 * A directory with all those above it. Not the `recursive` of node:fs: that one tries again for ever where the directory
 * above is there and takes none, as in /proc.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the directory and those above it with these permission bits. Throws what the last mkdir threw. */
export function makeDirectories(path: string, mode = 0o777): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error;
    makeDirectories(above, mode);
    makeOne(path, mode);
  }
}

/** mkdir(2) that is content with a directory that is there, made by another in between or not. */
function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
