/** Pressure stall information of the host and of the target's cgroup: what the agent does must wait while others do. */
import {
  blind,
  CLEAR,
  type Guard,
  type GuardReading,
  objecting,
  RESOURCES,
  type Resource,
  together,
  type Verdict,
} from './guard.js';

/** Bounds in percent of the last ten seconds (avg10 of PSI). */
export interface PressureBounds {
  /** Percent of the last ten seconds in which some task waited; 0 for no bound. */
  readonly some: Readonly<Record<Resource, number>>;
  /** The same in which all tasks waited. */
  readonly full: Readonly<Record<Resource, number>>;
}

/** A host that is busy but well; `full` of the CPU is not counted for a whole host (kernel/sched/psi.c). */
export const USUAL_PRESSURE: PressureBounds = {
  some: { cpu: 60, memory: 10, io: 40 },
  full: { cpu: 0, memory: 5, io: 20 },
};

/** Part of a bound below which a pressure must fall before it no longer stands in the way. */
const RELEASE = 0.8;
const KINDS = ['some', 'full'] as const;

/** Holds while a bound is exceeded, and lets go only well below it. */
export class PressureGuard implements Guard {
  readonly name = 'pressure';
  readonly #bounds: PressureBounds;
  /** What stood in the way at the last reading. */
  readonly #above = new Set<string>();

  constructor(bounds: PressureBounds = USUAL_PRESSURE) {
    this.#bounds = bounds;
  }

  observe(_nowMs: number, reading: GuardReading): Verdict {
    return together([this.#scope('the host', reading.host), this.#scope('its cgroup', reading.cgroup)]);
  }

  #scope(whose: string, pressures: GuardReading['host']): Verdict {
    if (pressures === undefined) return blind(`the pressure of ${whose} is not known`);
    return together(
      RESOURCES.flatMap((resource) =>
        KINDS.map((kind) => this.#judge(whose, resource, kind, pressures[resource]?.[kind])),
      ),
    );
  }

  #judge(whose: string, resource: Resource, kind: 'some' | 'full', value: number | undefined): Verdict {
    const bound = this.#bounds[kind][resource];
    if (bound === 0 || value === undefined) return CLEAR;
    const key = `${whose}/${resource}/${kind}`;
    const limit = this.#above.has(key) ? bound * RELEASE : bound;
    if (!(value > limit)) {
      this.#above.delete(key);
      return CLEAR;
    }
    this.#above.add(key);
    return objecting(
      this.name,
      'hold',
      `${resource} pressure of ${whose} (PSI ${kind} avg10) is ${value} %, bound is ${bound} %`,
    );
  }
}
