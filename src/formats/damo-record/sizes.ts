/** Sizes of processes that `damo record --footprint` keeps beside its record (PATH.mem_footprint): fields of statm, in pages. */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';

/** Size of one process at one moment. */
export interface RecordedSize {
  readonly pid: number;
  /** Seconds of the wall clock. */
  readonly seconds: number;
  readonly sizePages: number;
  readonly residentPages: number;
}

const pages = z.number().int().nonnegative();
const documentSchema = z.array(
  z.looseObject({
    time: z.number(),
    footprints: z.array(
      z.looseObject({
        // Without a pid it is of the whole system.
        pid: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).nullish(),
        footprint: z.looseObject({ size: pages.nullish(), resident: pages.nullish() }),
      }),
    ),
  }),
);

/** Whether text looks like such a file. */
export const isDamoSizes = (head: string): boolean => /^\s*\[\s*\{\s*"time"\s*:/.test(head);

/** The sizes in a file; a string says what is wrong with it. */
export function parseDamoSizes(text: string): RecordedSize[] | string {
  const parsed = parseJson(text);
  if (!parsed.ok) return `${parsed.error.problem} (${parsed.error.place})`;
  const checked = documentSchema.safeParse(parsed.value);
  if (!checked.success) {
    const { place, problem } = schemaProblem(checked.error);
    return `holds no sizes as damo writes them: ${place} ${problem}`;
  }
  return checked.data.flatMap(({ time, footprints }) =>
    footprints.flatMap(({ pid, footprint: { size, resident } }) =>
      pid == null || size == null || resident == null
        ? []
        : [{ pid, seconds: time, sizePages: size, residentPages: resident }],
    ),
  );
}
