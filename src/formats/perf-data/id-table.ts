/** Event ids (64 bits, kept as two words) to event numbers: open addressing, no BigInt, no objects. */
export class IdTable {
  size = 0;
  #mask = 255;
  #lows = new Uint32Array(256);
  #highs = new Uint32Array(256);
  /** Event number + 1; 0 marks a free slot. */
  #events = new Uint32Array(256);

  set(low: number, high: number, event: number): void {
    if (this.size * 2 > this.#mask) this.#grow();
    const slot = this.#slotOf(low, high);
    if (this.#events[slot] === 0) this.size++;
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#events[slot] = event + 1;
  }

  /** Event number of an id, −1 when it belongs to none. */
  get(low: number, high: number): number {
    return this.#events[this.#slotOf(low, high)] - 1;
  }

  #slotOf(low: number, high: number): number {
    let slot = (Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 7) & this.#mask;
    while (this.#events[slot] !== 0 && (this.#lows[slot] !== low || this.#highs[slot] !== high)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #grow(): void {
    const lows = this.#lows;
    const highs = this.#highs;
    const events = this.#events;
    this.#mask = this.#mask * 2 + 1;
    this.#lows = new Uint32Array(this.#mask + 1);
    this.#highs = new Uint32Array(this.#mask + 1);
    this.#events = new Uint32Array(this.#mask + 1);
    this.size = 0;
    for (let i = 0; i < events.length; i++) if (events[i] !== 0) this.set(lows[i], highs[i], events[i] - 1);
  }
}
