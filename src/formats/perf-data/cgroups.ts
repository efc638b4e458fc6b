/** Paths of cgroups by the number that samples have, from CGROUP records (perf record --all-cgroups). */

/** Far more than a machine has. */
const MOST_CGROUPS = 1 << 17;

/** Paths by cgroup number, bounded in number. */
export class CgroupTable {
  readonly #paths = new Map<number, string>();

  get size(): number {
    return this.#paths.size;
  }

  add(id: number, path: string): void {
    if (this.#paths.size < MOST_CGROUPS || this.#paths.has(id)) this.#paths.set(id, path);
  }

  /** Whether the cgroup is one of these, or below one. */
  isBelow(id: number, wanted: readonly string[]): boolean {
    const path = this.#paths.get(id);
    if (path === undefined) return false;
    return wanted.some((each) => each === '/' || path === each || path.startsWith(`${each}/`));
  }
}
