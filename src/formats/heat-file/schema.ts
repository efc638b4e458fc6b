/**
 * The heat file: what a recording says of each touched page, as Parquet. The schema is documented in
 * docs/heat-file.md; a change that a reader of the old one would misread raises HEAT_VERSION.
 */
import type { SchemaElement } from 'hyparquet';
import { z } from 'zod';

export const HEAT_VERSION = 1;
/** Key of the file's metadata that holds a HeatFacts document. */
export const FACTS_KEY = 'octavo.heat';

/** One row per process and touched page, ascending by process and address. */
export const HEAT_SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 8 },
  { name: 'pid', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'command', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'mapping', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'block_address', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'sub_page', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'address', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'samples', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'accesses', type: 'DOUBLE', repetition_type: 'REQUIRED' },
];

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
