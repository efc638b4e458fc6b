/**
 * Phases in time, as masim plays them: in each phase some regions are accessed, with a weight each, at random or in
 * sequence. `stairs` and `zigzag` are two well-known plays made of it.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Nanoseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import { BytesText, StepText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

interface Part {
  readonly from: Pages;
  readonly pages: Pages;
  readonly weight: number;
  readonly order: 'random' | 'sequential';
  readonly store: number;
}

interface Phase {
  readonly duration: Nanoseconds;
  readonly parts: readonly Part[];
}

const PartText = z.strictObject({
  region: z.string(),
  weight: z.number().positive().default(1),
  order: z.enum(['random', 'sequential']).default('random'),
  access: z.enum(['load', 'store']).default('store'),
});

export const masim = workloadKind({
  brief: 'phases of regions with weights and orders, as masim plays them',
  parameters: z
    .strictObject({
      regions: z.record(z.string(), z.strictObject({ size: BytesText })),
      phases: z.array(z.strictObject({ duration: StepText, access: z.array(PartText).min(1) })).min(1),
    })
    .check((context) => {
      const { regions, phases } = context.value;
      for (const [index, phase] of phases.entries()) {
        for (const [part, { region }] of phase.access.entries()) {
          if (Object.hasOwn(regions, region)) continue;
          const path = ['phases', index, 'access', part, 'region'];
          context.issues.push({ code: 'custom', message: `no region called ${region}`, input: region, path });
        }
      }
    }),
  make(parameters, { random, geometry }) {
    const places = new Map<string, { from: Pages; pages: Pages }>();
    let total = 0;
    for (const [name, { size }] of Object.entries(parameters.regions)) {
      const pages = pagesFor(size, geometry);
      places.set(name, { from: total, pages });
      total += pages;
    }
    const phases = parameters.phases.map((phase) => ({
      duration: phase.duration,
      parts: phase.access.map(({ region, weight, order, access }) => ({
        ...places.get(region)!,
        weight,
        order,
        store: access === 'store' ? 1 : 0,
      })),
    }));
    return new Phases(total, phases, random);
  },
});

const Steps = z.strictObject({
  size: BytesText,
  steps: z.int().min(2).max(1000).default(10),
  phase: StepText.default(5e9),
});

/** Region 1 is hot, then region 2, and so on; from the last back to the first. */
export const stairs = workloadKind({
  brief: 'one tenth of the area hot after the other (masim stairs)',
  parameters: Steps,
  make: (parameters, { random, geometry }) =>
    new Phases(
      pagesFor(parameters.size, geometry),
      equalSteps(parameters, geometry, (step) => step),
      random,
    ),
});

/** Up the stairs and down again. */
export const zigzag = workloadKind({
  brief: 'up the stairs and down again (masim zigzag)',
  parameters: Steps,
  make(parameters, { random, geometry }) {
    const up = equalSteps(parameters, geometry, (step) => step);
    const down = equalSteps(parameters, geometry, (step, steps) => steps - 2 - step).slice(
      0,
      parameters.steps - 2,
    );
    return new Phases(pagesFor(parameters.size, geometry), [...up, ...down], random);
  },
});

function equalSteps(
  parameters: z.infer<typeof Steps>,
  geometry: PageGeometry,
  regionOf: (step: number, steps: number) => number,
): Phase[] {
  const each = Math.floor(pagesFor(parameters.size, geometry) / parameters.steps);
  return Array.from({ length: parameters.steps }, (_, step) => ({
    duration: parameters.phase,
    parts: [
      {
        from: Math.max(0, regionOf(step, parameters.steps)) * each,
        pages: each,
        weight: 1,
        order: 'random' as const,
        store: 1,
      },
    ],
  }));
}

class Phases implements Workload {
  readonly pages: Pages;
  readonly #phases: readonly Phase[];
  readonly #random: SeededRandom;
  readonly #cycle: Nanoseconds;
  readonly #cursors = new Map<Part, Pages>();

  constructor(pages: Pages, phases: readonly Phase[], random: SeededRandom) {
    this.pages = pages;
    this.#phases = phases;
    this.#random = random;
    this.#cycle = phases.reduce((sum, phase) => sum + phase.duration, 0);
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    const { parts } = this.phaseAt(now);
    const total = parts.reduce((sum, part) => sum + part.weight, 0);
    for (let i = 0; i < limit; i++) into[i] = this.access(this.pick(parts, total));
    return limit;
  }

  private phaseAt(now: Nanoseconds): Phase {
    let left = now % this.#cycle;
    for (const phase of this.#phases) {
      if (left < phase.duration) return phase;
      left -= phase.duration;
    }
    return this.#phases[0];
  }

  private pick(parts: readonly Part[], total: number): Part {
    if (parts.length === 1) return parts[0];
    let left = this.#random.fraction() * total;
    for (const part of parts) {
      left -= part.weight;
      if (left < 0) return part;
    }
    return parts[parts.length - 1];
  }

  private access(part: Part): number {
    if (part.order === 'random') return ((part.from + this.#random.below(part.pages)) << 1) | part.store;
    const at = this.#cursors.get(part) ?? 0;
    this.#cursors.set(part, (at + 1) % part.pages);
    return ((part.from + at) << 1) | part.store;
  }
}
