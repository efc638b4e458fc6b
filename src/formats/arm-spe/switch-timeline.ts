/**
 * Which thread ran on a CPU at which time, from context switches: what SPE records without context packets are
 * attributed by. Entries are kept in time order; those before the last time asked for are forgotten.
 */
const INITIAL = 32;
/** Per CPU; the oldest go first when a recording has more between two reads of its AUX data. */
const MOST_ENTRIES = 1 << 20;

/** Switches of one CPU as sorted columns, asked by time. */
export class SwitchTimeline {
  #times = new Float64Array(INITIAL);
  #pids = new Int32Array(INITIAL);
  #tids = new Int32Array(INITIAL);
  #first = 0;
  #end = 0;

  /** From `time` on, thread `tid` of process `pid` runs. */
  add(time: number, pid: number, tid: number): void {
    if (this.#end === this.#times.length) this.#makeRoom();
    let at = this.#end;
    while (at > this.#first && this.#times[at - 1] > time) {
      this.#move(at - 1, at);
      at--;
    }
    this.#times[at] = time;
    this.#pids[at] = pid;
    this.#tids[at] = tid;
    this.#end++;
  }

  /** Goes to the last switch at or before `time`; false when none is known. Times asked for may not go back. */
  seek(time: number): boolean {
    while (this.#first + 1 < this.#end && this.#times[this.#first + 1] <= time) this.#first++;
    return this.#first < this.#end && this.#times[this.#first] <= time;
  }

  /** The thread found runs from here … */
  get from(): number {
    return this.#times[this.#first];
  }

  /** … to before here, as far as is known. */
  get until(): number {
    return this.#first + 1 < this.#end ? this.#times[this.#first + 1] : Number.POSITIVE_INFINITY;
  }

  get pid(): number {
    return this.#pids[this.#first];
  }

  get tid(): number {
    return this.#tids[this.#first];
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from];
    this.#pids[to] = this.#pids[from];
    this.#tids[to] = this.#tids[from];
  }

  #makeRoom(): void {
    const kept = this.#end - this.#first;
    if (this.#first === 0 && kept >= MOST_ENTRIES) this.#first = kept >>> 1;
    const length = this.#first > this.#times.length / 2 ? this.#times.length : this.#times.length * 2;
    this.#times = copyTail(this.#times, new Float64Array(length), this.#first, this.#end);
    this.#pids = copyTail(this.#pids, new Int32Array(length), this.#first, this.#end);
    this.#tids = copyTail(this.#tids, new Int32Array(length), this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
  }
}

function copyTail<Column extends Float64Array | Int32Array>(
  from: Column,
  to: Column,
  first: number,
  end: number,
): Column {
  to.set(from.subarray(first, end));
  return to;
}
