/**
 * A model that lives in real time behind a mount: virtual time follows the clock, requests are answered as the
 * model stands at that moment, and blocked writes when their command is over.
 */
import type { Clock } from '../../host/host.js';
import type { Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import type { ModelDirectory } from '../kernel/state/file-tree.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { FuseServer } from './fuse-server.js';

/** The kernel's side of a mount: /dev/fuse, or a test. */
export interface FuseChannel {
  /** The next request; undefined when the mount is gone. */
  next(): Promise<Uint8Array | undefined>;
  reply(message: Uint8Array): void;
}

/** A kernel, its files and the channel of the mount. */
export interface SessionParts {
  readonly kernel: Kernel;
  /** What is served: the model's files, or those joined with the machine's. */
  readonly root: ModelDirectory;
  readonly channel: FuseChannel;
  readonly clock: Clock;
  /** Virtual seconds for each real one. */
  readonly speed: number;
  /** Called about ten times a second. */
  readonly tick?: () => void;
}

/** While nothing is going on the model is moved on this often. */
const IDLE_MS: Milliseconds = 5;
/** A model that cannot keep up moves on by at most this much before requests are served again. */
const LARGEST_STEP_NS: Nanoseconds = 50e6;
const TICK_NS: Nanoseconds = 100e6;

/** Answers requests until the mount is gone or it is stopped. */
export class MountSession {
  readonly #parts: SessionParts;
  readonly #server: FuseServer;
  readonly #startedAt: Nanoseconds;
  readonly #startedModel: Nanoseconds;
  #lastTick: Nanoseconds = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.monotonicNs();
    this.#startedModel = parts.kernel.clock.now;
    this.#server = new FuseServer({
      root: parts.root,
      reply: (message) => parts.channel.reply(message),
      sizeOf: (path) => (path.startsWith('/sys') ? 4096 : 0),
    });
  }

  /** Serves until the mount is gone or `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const serving = this.#serve();
    const ended = { yet: false };
    void serving.finally(() => {
      ended.yet = true;
    });
    while (!signal.aborted && !ended.yet) {
      await this.#parts.clock.sleep(IDLE_MS, signal);
      this.#move();
    }
  }

  async #serve(): Promise<void> {
    const { channel } = this.#parts;
    for (let message = await channel.next(); message !== undefined; message = await channel.next()) {
      this.#move();
      this.#server.handle(message);
    }
  }

  /** Brings virtual time up to real time, and returns what became ready. */
  #move(): void {
    const { kernel, clock, speed, tick } = this.#parts;
    const wanted = this.#startedModel + (clock.monotonicNs() - this.#startedAt) * speed;
    kernel.clock.advanceTo(Math.min(wanted, kernel.clock.now + LARGEST_STEP_NS));
    this.#server.settle();
    if (tick === undefined || clock.monotonicNs() < this.#lastTick + TICK_NS) return;
    this.#lastTick = clock.monotonicNs();
    tick();
  }
}
