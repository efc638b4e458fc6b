import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 100;

/**
 * Removes a folder in which a process that ends may still write: the half of an agent that decides ends by itself after the
 * other one was killed. `maxRetries` of rmSync would try the folder again, but not what was written into it meanwhile.
 */
export async function removeFolder(path: string): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (problem) {
      const isWrittenTo = (problem as NodeJS.ErrnoException).code === 'ENOTEMPTY';
      if (!isWrittenTo || left === 1) throw problem;
    }
    await delay(100);
  }
}
