/**
 * The threads that carry out calls. While they may hold another process's locks they run by SCHED_FIFO, so that no usual
 * thread takes the CPU from them: by a nice value of −15, one in a hundred collapses on a busy machine held the locks of its
 * target for more than 60 ms, by SCHED_FIFO for 12 ms. All other threads of ours stay as they are: they would only keep
 * the target from its CPU.
 */
import { readFileSync } from 'node:fs';
import type { Bytes } from '../../vocabulary/units.js';
import { hurryThreads } from './hurry.js';
import type { Native } from './native.js';

/** include/uapi/linux/sched.h. What a thread starts is not in a hurry. */
const RESET_ON_FORK = 0x4000_0000;
const SCHED_FIFO = 1;
/** SCHED_OTHER, SCHED_BATCH and SCHED_IDLE: all others are real-time on purpose, and stay as they are. */
const USUAL: ReadonlySet<number> = new Set([0, 3, 5]);
/** The least there is: before every usual thread, behind everything that is real-time on purpose. */
const PRIORITY = 1;
/** Largest block that is copied so: a longer call would keep other tasks from the CPU for as long. */
const MOST_REAL_TIME: Bytes = 4 * 2 ** 20;
/** libuv takes its threads by turns: after so many calls without a new one all are known, or one stays as it is. */
const SEEN_AGAIN = 8;

export class Callers {
  readonly #native: Native;
  readonly #isShort: boolean;
  #priorities: { readonly real: bigint; readonly usual: bigint } | undefined;

  constructor(native: Native, blockBytes: Bytes) {
    this.#native = native;
    this.#isShort = blockBytes <= MOST_REAL_TIME;
  }

  /**
   * The function returned puts back what was. Where SCHED_FIFO is refused (RestrictRealtime= of a unit) a nice value has to
   * do; no effect without CAP_SYS_NICE.
   */
  async hurry(): Promise<() => void> {
    const threads = await this.#threads();
    this.#priorities ??= this.#fill();
    const { real, usual } = this.#priorities;
    const before = new Map(
      threads.map((thread) => [thread, this.#native.call('sched_getscheduler', thread).value]),
    );
    const mayBeReal = this.#isShort && isTimeUnbounded();
    const isRaised = (thread: number) =>
      mayBeReal &&
      USUAL.has((before.get(thread) ?? -1) & ~RESET_ON_FORK) &&
      this.#set(thread, SCHED_FIFO | RESET_ON_FORK, real);
    const raised = threads.filter(isRaised);
    const putBack = hurryThreads(threads.filter((thread) => !raised.includes(thread)));
    return () => {
      putBack();
      for (const thread of raised) this.#putBack(thread, before.get(thread) ?? 0, usual);
    };
  }

  /** By RLIMIT_RTPRIO without CAP_SYS_NICE the policy may be put back, and the flag may not. */
  #putBack(thread: number, policy: number, priority: bigint): void {
    if (!this.#set(thread, policy, priority)) this.#set(thread, policy | RESET_ON_FORK, priority);
  }

  async #threads(): Promise<readonly number[]> {
    const found = new Set<number>();
    for (let again = 0; again < SEEN_AGAIN; again++) {
      const { value } = await this.#native.callAsync('gettid');
      if (!found.has(value)) again = 0;
      found.add(value);
    }
    return [...found];
  }

  #set(thread: number, policy: number, priority: bigint): boolean {
    return this.#native.call('sched_setscheduler', thread, policy, priority).errno === undefined;
  }

  /** Two struct sched_param, of one int each. */
  #fill(): { readonly real: bigint; readonly usual: bigint } {
    const { address, bytes } = this.#native.arena(8);
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(0, PRIORITY, true);
    return { real: address, usual: address + 4n };
  }
}

/** Whether real-time threads may take CPU time without an end: at a bound (RLIMIT_RTTIME) the kernel ends the process. */
function isTimeUnbounded(): boolean {
  try {
    return /^Max realtime timeout\s+unlimited/m.test(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return false;
  }
}
