/**
 * Phases in time, as masim plays them: in each phase some regions are accessed, with a weight each, at random or in
 * sequence. `stairs` and `zigzag` are two well-known plays made of it.
 */

import * as z from 'zod';
import { defined } from '../../base/assert.js';
import type { SeededRandom } from '../../base/seeded-random.js';
import { type MasimConfig, type MasimRegion, parseMasim } from '../../formats/masim.js';
import type { Nanoseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import { BytesText, StepText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

interface Part {
  readonly from: Pages;
  readonly pages: Pages;
  readonly weight: number;
  readonly order: 'random' | 'sequential';
  /** Pages from one access to the next of a sequence; parts of one for strides below a page. */
  readonly stride: number;
  /** 0 loads, 1 stores, 'both' in turn. */
  readonly store: 0 | 1 | 'both';
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

const Regions = z.record(z.string(), z.strictObject({ size: BytesText }));
const PhasesText = z.array(z.strictObject({ duration: StepText, access: z.array(PartText).min(1) })).min(1);

/** The workload `masim` with its parameters. */
export const masim = workloadKind({
  brief: 'phases of regions with weights and orders, as masim plays them; also from its .cfg',
  parameters: z
    .strictObject({
      /** A configuration of masim itself, in place of regions and phases. */
      file: z.string().optional(),
      regions: Regions.optional(),
      phases: PhasesText.optional(),
    })
    .check((context) => {
      const { regions = {}, phases = [], file } = context.value;
      const has = [file, context.value.regions, context.value.phases].map((part) => part !== undefined);
      if (has[0] ? has[1] || has[2] : !has[1] || !has[2]) {
        const message = 'give regions and phases, or file: a .cfg of masim';
        context.issues.push({ code: 'custom', message, input: context.value, path: [] });
      }
      for (const [index, phase] of phases.entries()) {
        for (const [part, { region }] of phase.access.entries()) {
          if (Object.hasOwn(regions, region)) continue;
          const path = ['phases', index, 'access', part, 'region'];
          context.issues.push({ code: 'custom', message: `no region called ${region}`, input: region, path });
        }
      }
    }),
  make({ file, regions = {}, phases = [] }, { random, geometry, readText }) {
    if (file !== undefined) return playConfig(parseMasim(readText(file), file), geometry, random);
    const { places, total } = placesOf(
      Object.entries(regions).map(([name, { size }]) => ({ name, bytes: size })),
      geometry,
    );
    const played = phases.map((phase) => ({
      duration: phase.duration,
      parts: phase.access.map(({ region, weight, order, access }) => ({
        ...defined(places.get(region), 'every region has a place'),
        weight,
        order,
        stride: 1,
        store: access === 'store' ? (1 as const) : (0 as const),
      })),
    }));
    return new Phases(total, played, random);
  },
});

/** Regions one after the other, each from a page of its own on. */
function placesOf(regions: readonly MasimRegion[], geometry: PageGeometry) {
  const places = new Map<string, { from: Pages; pages: Pages }>();
  let total = 0;
  for (const { name, bytes } of regions) {
    const pages = pagesFor(bytes, geometry);
    places.set(name, { from: total, pages });
    total += pages;
  }
  return { places, total };
}

const STORES = { ro: 0, wo: 1, rw: 'both' } as const;

function playConfig(config: MasimConfig, geometry: PageGeometry, random: SeededRandom): Workload {
  const { places, total } = placesOf(config.regions, geometry);
  const phases = config.phases.map(({ ms, patterns }) => ({
    duration: ms * 1e6,
    parts: patterns
      .filter(({ probability }) => probability > 0)
      .map(({ region, isRandom, stride, probability, mode }) => ({
        ...defined(places.get(region), 'every region has a place'),
        weight: probability,
        order: isRandom ? ('random' as const) : ('sequential' as const),
        stride: stride / geometry.pageBytes,
        store: STORES[mode],
      })),
  }));
  return new Phases(total, phases, random);
}

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
        stride: 1,
        store: 1 as const,
      },
    ],
  }));
}

class Phases implements Workload {
  readonly pages: Pages;
  readonly #phases: readonly Phase[];
  readonly #random: SeededRandom;
  readonly #cycle: Nanoseconds;
  readonly #cursors = new Map<Part, number>();
  /** Whether the last access of a part that does both was a store. */
  #turn = 0;

  constructor(pages: Pages, phases: readonly Phase[], random: SeededRandom) {
    this.pages = pages;
    this.#phases = phases;
    this.#random = random;
    this.#cycle = phases.reduce((sum, phase) => sum + phase.duration, 0);
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    const { parts } = this.#phaseAt(now);
    const total = parts.reduce((sum, part) => sum + part.weight, 0);
    for (let i = 0; i < limit; i++) into[i] = this.#access(this.#pick(parts, total));
    return limit;
  }

  #phaseAt(now: Nanoseconds): Phase {
    let left = now % this.#cycle;
    for (const phase of this.#phases) {
      if (left < phase.duration) return phase;
      left -= phase.duration;
    }
    return this.#phases[0];
  }

  #pick(parts: readonly Part[], total: number): Part {
    if (parts.length === 1) return parts[0];
    let left = this.#random.fraction() * total;
    for (const part of parts) {
      left -= part.weight;
      if (left < 0) return part;
    }
    return parts[parts.length - 1];
  }

  #access(part: Part): number {
    const at = part.order === 'random' ? this.#random.below(part.pages) : this.#step(part);
    return ((part.from + at) << 1) | this.#storeOf(part);
  }

  /** The next page of a sequence, from the start again when it has passed the end. */
  #step(part: Part): Pages {
    const at = this.#cursors.get(part) ?? 0;
    const next = at + part.stride;
    this.#cursors.set(part, next < part.pages ? next : 0);
    return Math.floor(at);
  }

  #storeOf(part: Part): number {
    if (part.store !== 'both') return part.store;
    this.#turn ^= 1;
    return this.#turn;
  }
}
