/** Counters of memory cgroups, which cost nothing of their processes, and which of them are one service's alone. */
import {
  type HugeCounters,
  type MemoryCgroup,
  memoryCgroup,
  ofWholeFolios,
  parseHugeCounters,
} from '../formats/proc/memory-cgroup.js';
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import { countsWholeFolios } from '../verification/mapcount-build.js';

/** A process's place among the cgroups, and which service it is counted for. */
export interface Member {
  readonly cgroupText: string;
  readonly key: string;
}

/** Reads memory.stat of cgroups, each once, and tells which belong to one service. */
export class CgroupCounters {
  readonly #host: Host;
  readonly #mounts: string;
  readonly #isWhole: boolean;
  /** Services that have processes in a cgroup or below it, by directory. */
  readonly #owners = new Map<string, Set<string>>();
  readonly #places = new Map<string, MemoryCgroup | undefined>();
  readonly #read = new Map<string, HugeCounters | undefined>();

  /** `members` are all processes that can be seen, Octavo itself among them. */
  constructor(host: Host, members: readonly Member[]) {
    this.#host = host;
    this.#isWhole = countsWholeFolios(host);
    const mounts = ifRecorded(() => host.files.readText('/proc/self/mountinfo'));
    this.#mounts = mounts?.ok ? mounts.value : '';
    for (const member of members) this.#enter(member);
  }

  /** Counters of all cgroups of some processes, other members included; undefined where one is out of sight. */
  around(cgroupTexts: readonly string[]): readonly HugeCounters[] | undefined {
    const places = new Map<string, MemoryCgroup>();
    for (const text of cgroupTexts) {
      const place = this.#placeOf(text);
      if (place === undefined) return undefined;
      places.set(place.directory, place);
    }
    const tops = [...places.values()].filter(({ directory }) => !hasAbove(directory, places));
    const counters = tops.map((place) => this.#countersOf(place));
    const known = counters.filter((one) => one !== undefined);
    return known.length === counters.length && known.length > 0 ? known : undefined;
  }

  /** The same, when nobody else's processes are in them. */
  alone(key: string, cgroupTexts: readonly string[]): readonly HugeCounters[] | undefined {
    const isTheirs = cgroupTexts.every((text) => {
      const place = this.#placeOf(text);
      return place !== undefined && place.path !== '/' && this.#isAlone(key, place.directory);
    });
    return isTheirs ? this.around(cgroupTexts) : undefined;
  }

  #enter({ cgroupText, key }: Member): void {
    const place = this.#placeOf(cgroupText);
    if (place === undefined) return;
    for (let directory = place.directory; directory.length > 1; directory = parentOf(directory)) {
      const owners = this.#owners.get(directory) ?? new Set();
      this.#owners.set(directory, owners.add(key));
    }
  }

  #isAlone(key: string, directory: string): boolean {
    const owners = this.#owners.get(directory);
    return owners !== undefined && owners.size === 1 && owners.has(key);
  }

  #placeOf(cgroupText: string): MemoryCgroup | undefined {
    if (!this.#places.has(cgroupText)) this.#places.set(cgroupText, memoryCgroup(cgroupText, this.#mounts));
    return this.#places.get(cgroupText);
  }

  #countersOf({ directory, version }: MemoryCgroup): HugeCounters | undefined {
    if (!this.#read.has(directory)) {
      const text = ifRecorded(() => this.#host.files.readText(`${directory}/memory.stat`));
      const counters = text?.ok ? parseHugeCounters(text.value, version) : undefined;
      this.#read.set(directory, counters && this.#isWhole ? ofWholeFolios(counters) : counters);
    }
    return this.#read.get(directory);
  }
}

function hasAbove(directory: string, places: ReadonlyMap<string, unknown>): boolean {
  for (let above = parentOf(directory); above.length > 1; above = parentOf(above))
    if (places.has(above)) return true;
  return false;
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf('/'));
}
