/** What a heat file says about itself, beside its rows. */
import * as z from 'zod';
import { NATURE_NAMES, type SampleNature } from '../../vocabulary/nature.js';
import { HEAT_VERSION } from './schema.js';

const counts = z.record(z.string(), z.number());
const share = z.number().min(0).max(1);
const nature = z.enum(NATURE_NAMES as [SampleNature, ...SampleNature[]]);
/** Hashes of a sketch; none has more (vocabulary/fingerprint.ts). */
const MOST_HASHES = 256;

/** Sizes that a kernel can have: pages of 4 to 64 KiB, blocks of 2 to 2^13 of them. */
function areSizes(facts: { readonly page_bytes: number; readonly block_bytes: number }): boolean {
  const [page, order] = [Math.log2(facts.page_bytes), Math.log2(facts.block_bytes / facts.page_bytes)];
  return (
    Number.isInteger(page) && page >= 12 && page <= 16 && Number.isInteger(order) && order >= 1 && order <= 13
  );
}

/** What an origin was in version 1. */
export const originFields = {
  source: z.string(),
  detail: z.string(),
  granularity: z.object({
    pages: z.number(),
    blindInsideHugePages: z.boolean(),
    blindToCachedTranslations: z.boolean(),
  }),
  tells: z.enum(['heat', 'content', 'presence']),
  windowNs: z.number().nullable(),
};

/** What all versions have. */
export const commonFields = {
  octavo: z.literal('heat'),
  page_bytes: z.number().int().positive(),
  block_bytes: z.number().int().positive(),
  /** All samples read, and those in no row, by reason. */
  samples: z.number(),
  unplaced: counts,
  /** What was lost or damaged, by reason. */
  losses: counts,
  /** The recorded mappings that hold touched blocks; byte addresses in hexadecimal. Absent in files of early versions. */
  mappings: z
    .array(z.object({ pid: z.number(), start: z.string(), end: z.string(), name: z.string() }))
    .optional(),
  /** What samples say beside their place, by process and mapping. Absent where they say nothing, and in early files. */
  views: z
    .array(
      z.object({
        ...{ pid: z.number(), mapping: z.string(), view: z.string(), value: z.string() },
        ...{ samples: z.number(), accesses: z.number(), timed: z.number(), latency: z.number() },
      }),
    )
    .optional(),
};

const span = z.object({ fromMs: z.number().nullable(), toMs: z.number(), isExact: z.boolean() });

const recording = z.object({
  name: z.string(),
  fingerprint: z.string(),
  sketch: z.array(z.string()).max(MOST_HASHES),
  // Of microseconds. Absent in early files.
  coarseSketch: z.array(z.string()).max(MOST_HASHES).optional(),
  isCoarse: z.boolean().optional(),
  samples: z.number(),
  event: z.string(),
  period: z.number().nullable(),
  nature,
  unseenShare: share,
  span: span.nullable(),
  bootId: z.string().nullable(),
  host: z.string(),
  kernel: z.string(),
  cpu: z.string(),
});

/** What version 2 had beside the fields that all versions have. */
export const secondFields = {
  /** What all rows are samples of. */
  nature,
  /** Where the samples came from, as SampleOrigin says it. */
  origins: z.array(
    z.object({
      ...{ ...originFields, nature, event: z.string(), unseenShare: share },
      // Absent where it varies or is not known, and in early files.
      stepPeriods: z.array(z.number().positive()).readonly().optional(),
    }),
  ),
  /** What recordings they are of, as RecordingFacts says it; none in a file of version 1. */
  recordings: z.array(recording),
  /** The processes as they were recorded; startTicks is null when not known. */
  processes: z.array(z.object({ pid: z.number(), command: z.string(), startTicks: z.number().nullable() })),
  /** 1 of so many blocks was kept, to bound memory. */
  thinned_to: z.number().min(1),
  /** The version that the file was written in. */
  written_as: z.number(),
};

/** The clock that time_ms counts milliseconds of: Unix time, the recording's own clock, or not known. */
export const SLICE_CLOCKS = ['wall', 'recording', 'none'] as const;
/** Which clock the times of slices are of. */
export type SliceClock = (typeof SLICE_CLOCKS)[number];

const fields = z.object({
  ...commonFields,
  ...secondFields,
  version: z.literal(HEAT_VERSION),
  /** Slices of time that samples were counted in; a row's time_ms is a multiple of the width. */
  slices: z.object({ clock: z.enum(SLICE_CLOCKS), widthMs: z.number().positive().nullable() }),
});

/** Schema of the facts that a heat file keeps in its metadata. */
export const heatFacts = fields.refine(
  areSizes,
  'page_bytes and block_bytes are no sizes of pages and huge pages',
);

/** What a heat file says of itself. */
export type HeatFacts = z.infer<typeof heatFacts>;
