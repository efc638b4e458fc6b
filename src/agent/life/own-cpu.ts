/**
 * Keeps the agent's own CPU time within a share of one core: what a turn overdrew, the next waits for. A credit grows with
 * time up to what a few minutes give, so that a quiet night does not pay for a storm in the morning.
 */
import type { Host } from '../../host/host.js';
import type { Fraction, Milliseconds, ProcessId } from '../../vocabulary/units.js';

/** USER_HZ is 100 on every architecture that has huge pages. */
const MS_PER_TICK: Milliseconds = 10;
/** Credit for a start, which costs more than what follows. */
const FIRST_CREDIT: Milliseconds = 2000;
const SAVED_FOR: Milliseconds = 300_000;
/** Of the share what turns may take: what is done beside them is paid for afterwards, and ticks of the clock are coarse. */
const PLANNED: Fraction = 0.9;

/** A bucket of CPU time that fills at the allowed share and is drained by what the agent's processes use. */
export class OwnCpu {
  readonly #host: Host;
  readonly #share: () => Fraction;
  /** Processes besides this one whose time counts. */
  readonly #others: () => readonly ProcessId[];
  #creditMs = FIRST_CREDIT;
  #lastMs: Milliseconds | undefined;
  #lastUsedMs: Milliseconds = 0;
  #totalMs: Milliseconds = 0;

  constructor(host: Host, share: () => Fraction, others: () => readonly ProcessId[] = () => []) {
    this.#host = host;
    this.#share = () => PLANNED * share();
    this.#others = others;
  }

  /** CPU time since the start. */
  get totalMs(): Milliseconds {
    return this.#totalMs;
  }

  /** How long to wait until a turn may begin; 0 when it may now. */
  waitMs(nowMs: Milliseconds): Milliseconds {
    this.#settle(nowMs);
    return this.#creditMs >= 0 ? 0 : -this.#creditMs / this.#share();
  }

  #settle(nowMs: Milliseconds): void {
    const usedMs = [this.#host.identity.pid, ...this.#others()].reduce(
      (sum, pid) => sum + cpuMs(this.#host, pid),
      0,
    );
    const last = this.#lastMs;
    this.#lastMs = nowMs;
    // A process that ended takes its time with it.
    const spent = Math.max(0, usedMs - this.#lastUsedMs);
    this.#lastUsedMs = usedMs;
    this.#totalMs += spent;
    const saved = last === undefined ? 0 : (nowMs - last) * this.#share();
    this.#creditMs =
      Math.min(this.#creditMs + saved, Math.max(FIRST_CREDIT, SAVED_FOR * this.#share())) - spent;
  }
}

/** User and system time of a process; 0 where it cannot be read. */
export function cpuMs(host: Host, pid: ProcessId): Milliseconds {
  const text = host.files.readText(`/proc/${pid}/stat`);
  if (!text.ok) return 0;
  const fields = text.value.slice(text.value.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * MS_PER_TICK : 0;
}
