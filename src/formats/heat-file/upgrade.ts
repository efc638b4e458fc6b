/** Facts of older versions to those of today: one step for each version. */
import * as z from 'zod';
import type { SampleNature } from '../../vocabulary/nature.js';
import { commonFields, type HeatFacts, originFields } from './facts.js';
import { HEAT_VERSION } from './schema.js';

/** Version 1 said neither which event was sampled nor what recordings and processes the samples are of. */
const versionOne = z.object({
  ...commonFields,
  version: z.literal(1),
  origins: z.array(z.object(originFields)),
});

/** Facts as they are in a file, brought to today's version; what cannot be upgraded is returned as it is. */
export function upgraded(facts: unknown): unknown {
  const old = versionOne.safeParse(facts);
  return old.success ? fromVersionOne(old.data) : facts;
}

function fromVersionOne(old: z.infer<typeof versionOne>): HeatFacts {
  const origins = old.origins.map((origin) => ({
    ...origin,
    nature: natureOf(origin),
    event: '',
    unseenShare: 0,
  }));
  return {
    ...old,
    version: HEAT_VERSION,
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
