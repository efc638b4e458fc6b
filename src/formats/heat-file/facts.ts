/** What a heat file says about itself, beside its rows. */
import * as z from 'zod';
import { HEAT_VERSION } from './schema.js';

const counts = z.record(z.string(), z.number());

/** Sizes that a kernel can have: pages of 4 to 64 KiB, blocks of 2 to 2^13 of them. */
function areSizes(facts: { readonly page_bytes: number; readonly block_bytes: number }): boolean {
  const [page, order] = [Math.log2(facts.page_bytes), Math.log2(facts.block_bytes / facts.page_bytes)];
  return (
    Number.isInteger(page) && page >= 12 && page <= 16 && Number.isInteger(order) && order >= 1 && order <= 13
  );
}

const fields = z.object({
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

export const heatFacts = fields.refine(
  areSizes,
  'page_bytes and block_bytes are no sizes of pages and huge pages',
);

export type HeatFacts = z.infer<typeof heatFacts>;
