import { defined } from '../../../base/assert.js';
import type { Nanoseconds } from '../../../vocabulary/units.js';

/** What an event does; `value` is what `at` was given. */
export type Handler = (value: number, now: Nanoseconds) => void;

/** Is told what work takes, and whether it is done within an event. */
export type Spender = (duration: Nanoseconds, withinEvent: boolean) => void;

interface Event {
  readonly time: Nanoseconds;
  /** Order of scheduling: events of one instant run in it, so that a run never depends on the heap's shape. */
  readonly sequence: number;
  readonly name: string;
  readonly value: number;
}

/**
 * Virtual time and the queue of what is to happen. Events are names with a number, not closures, so that a
 * snapshot can hold them; the owner of a name registers its handler once, also after loading a snapshot.
 */
export class Clock {
  now: Nanoseconds = 0;
  readonly heap: Event[] = [];
  sequence = 0;
  readonly #handlers = new Map<string, Handler>();
  /** Depth of events under way. */
  #running = 0;
  #spender: Spender | undefined;
  /** Work on a shared clock for which the others have not run yet. */
  #unsettled: Nanoseconds = 0;

  /** Says what events called `name` do. One handler for each name. */
  handle(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  /** Schedules `name` for `time`, or for now when that is past. Returns an id for `cancel`. */
  at(time: Nanoseconds, name: string, value = 0): number {
    const event = { time: Math.max(time, this.now), sequence: this.sequence++, name, value };
    this.heap.push(event);
    this.siftUp(this.heap.length - 1);
    return event.sequence;
  }

  after(duration: Nanoseconds, name: string, value = 0): number {
    return this.at(this.now + duration, name, value);
  }

  cancel(id: number): boolean {
    const index = this.heap.findIndex((event) => event.sequence === id);
    if (index < 0) return false;
    this.removeAt(index);
    return true;
  }

  /** Time of the next event, Infinity when there is none. */
  nextEvent(): Nanoseconds {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0].time;
  }

  /** Runs every event up to and including `time`, each at its own instant, then stands at `time`. */
  advanceTo(time: Nanoseconds): void {
    while (this.heap.length > 0 && this.heap[0].time <= time) this.runNext();
    this.now = Math.max(this.now, time);
  }

  advance(duration: Nanoseconds): void {
    this.advanceTo(this.now + duration);
  }

  /**
   * Work done by the caller. On a clock of its own, time passes without a look at the queue, and events due run at
   * the next advance. On a shared one they run meanwhile, as soon as the caller settles; work within an event takes no
   * time of the others.
   */
  spend(duration: Nanoseconds): void {
    if (this.#spender === undefined) this.now += duration;
    else {
      this.#spender(duration, this.#running > 0);
      if (this.#running === 0) this.#unsettled += duration;
    }
  }

  get isShared(): boolean {
    return this.#spender !== undefined;
  }

  /** Lets the others run for as long as the work since the last time took. To be called between two looks at a shared model. */
  settle(): void {
    if (this.#unsettled === 0) return;
    const duration = this.#unsettled;
    this.#unsettled = 0;
    this.advance(duration);
  }

  /** Shares the clock between the task that spends and all others; `spender` is told what is spent. */
  share(spender: Spender): void {
    this.#spender = spender;
  }

  private runNext(): void {
    const event = this.heap[0];
    this.removeAt(0);
    this.now = Math.max(this.now, event.time);
    const handler = this.#handlers.get(event.name);
    if (handler === undefined) throw new Error(`assertion failed: no handler for event ${event.name}`);
    this.#running++;
    handler(event.value, this.now);
    this.#running--;
  }

  private removeAt(index: number): void {
    const last = defined(this.heap.pop(), 'a heap with a top has a last');
    if (index >= this.heap.length) return;
    this.heap[index] = last;
    this.siftUp(index);
    this.siftDown(index);
  }

  private siftUp(from: number): void {
    let child = from;
    while (child > 0) {
      const parent = (child - 1) >>> 1;
      if (!this.precedes(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private siftDown(from: number): void {
    let parent = from;
    for (;;) {
      const left = parent * 2 + 1;
      let first = parent;
      if (left < this.heap.length && this.precedes(left, first)) first = left;
      if (left + 1 < this.heap.length && this.precedes(left + 1, first)) first = left + 1;
      if (first === parent) return;
      this.swap(first, parent);
      parent = first;
    }
  }

  private precedes(a: number, b: number): boolean {
    const first = this.heap[a];
    const second = this.heap[b];
    return first.time < second.time || (first.time === second.time && first.sequence < second.sequence);
  }

  private swap(a: number, b: number): void {
    const kept = this.heap[a];
    this.heap[a] = this.heap[b];
    this.heap[b] = kept;
  }
}
