import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Nice value while another process's locks are held: a thread that is preempted in the kernel keeps them, and on a
 * busy machine a collapse of 1 ms held them for 100. With this weight the scheduler lets it finish. The pace still
 * counts all of it, so the CPU taken stays within the share.
 */
const HURRIED = -15;

/** Raises threads of this process; the function returned puts back what they had. Needs CAP_SYS_NICE. */
export function hurryThreads(threads: readonly number[]): () => void {
  const before = threads.flatMap((thread) => raised(thread));
  return () => {
    for (const { thread, nice } of before) quietly(() => setPriority(thread, nice));
  };
}

export function ownThreads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}

/** Without the right to, or when the thread has just ended, it stays as it is. */
function raised(thread: number): { thread: number; nice: number }[] {
  try {
    const nice = getPriority(thread);
    if (nice <= HURRIED) return [];
    setPriority(thread, HURRIED);
    return [{ thread, nice }];
  } catch {
    return [];
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // The thread has ended since.
  }
}
