/**
 * What a page may ask for, where whoever started the server allowed it: first what would happen, then, by the name that this was
 * told under, that it shall. Both are POST with a JSON body; what came of it is in the overview (`asked`).
 */
import * as z from 'zod';

const Text = z.string();

/** Acts by name. */
export const ACT_NAMES = ['pause', 'resume', 'undo', 'split', 'collapse'] as const;

const Count = z.int().nonnegative();
const Short = z.string().min(1).max(200);

/** POST /api/act/preview: which act, on what. Names and numbers are those that earlier replies told. */
export const ActWishSchema = z.discriminatedUnion('act', [
  z.strictObject({ act: z.enum(['pause', 'resume']), target: Short }),
  z.strictObject({ act: z.literal('undo'), run: Short }),
  /** The block of a page of a segment of the map. */
  z.strictObject({ act: z.enum(['split', 'collapse']), layout: Count, segment: Count, page: Count }),
]);

/** What would happen. */
export const PreviewSchema = z.object({
  octavo: z.literal('dashboard-preview'),
  version: z.literal(1),
  /** For the confirmation; empty where it cannot be done. */
  id: Text,
  /** `Undo run 2026…: collapse 3 blocks of redis`. */
  title: Text,
  /** What would happen, sentence by sentence, and what would not. */
  lines: z.array(Text),
  /** Each step, call by call. */
  calls: z.array(Text),
  /** Why it cannot be done; empty where it can. */
  refusal: Text,
  /** Milliseconds for which it can be confirmed. */
  holdsMs: z.number(),
});

/** POST /api/act/confirm: the preview that was read. */
export const ConfirmSchema = z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) });

/** The agent was asked; what it says of it is in the overview under the same id. */
export const AskedSchema = z.object({
  octavo: z.literal('dashboard-asked'),
  version: z.literal(1),
  id: Text,
  words: Text,
});

/** A wish that was checked. */
export type ActWish = z.infer<typeof ActWishSchema>;
/** What would happen, as it is read. */
export type Preview = z.infer<typeof PreviewSchema>;
/** The agent's receipt, as it is read. */
export type Asked = z.infer<typeof AskedSchema>;
