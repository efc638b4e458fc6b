/** What a heat file says about itself, beside its rows. */
import { z } from 'zod';
import { HEAT_VERSION } from './schema.js';

const counts = z.record(z.string(), z.number());

export const heatFacts = z.object({
  octavo: z.literal('heat'),
  version: z.literal(HEAT_VERSION),
  page_bytes: z.number().int().positive(),
  block_bytes: z.number().int().positive(),
  /** Where the samples came from, as SampleOrigin says it. */
  origins: z.array(
    z.object({
      source: z.string(),
      detail: z.string(),
      granularity: z.object({
        pages: z.number(),
        blindInsideHugePages: z.boolean(),
        blindToCachedTranslations: z.boolean(),
      }),
      tells: z.enum(['heat', 'content', 'presence']),
      windowNs: z.number().nullable(),
    }),
  ),
  /** All samples read, and those in no row, by reason. */
  samples: z.number(),
  unplaced: counts,
  /** What was lost or damaged, by reason. */
  losses: counts,
  /** The recorded mappings that hold touched blocks; byte addresses in hexadecimal. Absent in files of early versions. */
  mappings: z
    .array(z.object({ pid: z.number(), start: z.string(), end: z.string(), name: z.string() }))
    .optional(),
});

export type HeatFacts = z.infer<typeof heatFacts>;
