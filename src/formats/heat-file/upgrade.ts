/** Facts of older versions to those of today: one step for each version. */
import * as z from 'zod';
import type { SampleNature } from '../../vocabulary/nature.js';
import { commonFields, type HeatFacts, originFields, secondFields } from './facts.js';
import { HEAT_VERSION } from './schema.js';

/** Version 1 said neither which event was sampled nor what recordings and processes the samples are of. */
const versionOne = z.object({
  ...commonFields,
  version: z.literal(1),
  origins: z.array(z.object(originFields)),
});

/** Version 2 had no times: all samples of a page were in one row. */
const versionTwo = z.object({ ...commonFields, ...secondFields, version: z.literal(2) });
type VersionTwo = z.infer<typeof versionTwo>;

/** Facts as they are in a file, brought to today's version; what cannot be upgraded is returned as it is. */
export function upgraded(facts: unknown): unknown {
  const first = versionOne.safeParse(facts);
  if (first.success) return fromVersionTwo(fromVersionOne(first.data));
  const second = versionTwo.safeParse(facts);
  return second.success ? fromVersionTwo(second.data) : facts;
}

function fromVersionTwo(old: VersionTwo): HeatFacts {
  return { ...old, version: HEAT_VERSION, slices: { clock: 'none', widthMs: null } };
}

function fromVersionOne(old: z.infer<typeof versionOne>): VersionTwo {
  const origins = old.origins.map((origin) => ({
    ...origin,
    nature: natureOf(origin),
    event: '',
    unseenShare: 0,
  }));
  return {
    ...old,
    version: 2,
    nature: origins.find(({ tells }) => tells === 'heat')?.nature ?? 'unknown',
    origins,
    recordings: [],
    processes: [],
    thinned_to: 1,
    written_as: 1,
  };
}

/** Regions came from DAMON only; of anything else it is not known what was sampled. */
function natureOf({ granularity }: { readonly granularity: { readonly pages: number } }): SampleNature {
  return granularity.pages > 1 ? 'access-bits' : 'unknown';
}
