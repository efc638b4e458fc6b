/**
 * A plan as it may cross: texts without what could steer a terminal (a program may call itself anything), and of no more
 * than the bounds. What was refused or passed over is left out where it would not fit: it is in the deciding side's own
 * history, and nothing is done with it on the other.
 */
import type { Plan } from '../../vocabulary/plan.js';
import { CONTROL, MOST_REQUEST_BYTES, MOST_TEXT } from './protocol.js';

/** Half of a frame is for the steps. */
const MOST_REFUSED_BYTES = MOST_REQUEST_BYTES / 4;

/**
 * Returns the plan without control characters in its texts, and without refusals where they exceed the bound
 * in bytes.
 */
export function cleanedPlan(plan: Plan): Plan {
  const text = JSON.stringify([plan.refused, plan.passedOver]);
  const fits = text.length <= MOST_REFUSED_BYTES;
  return cleaned(fits ? plan : { ...plan, refused: [], passedOver: [] }) as Plan;
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cleanedText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cleaned(inner)]));
}

function cleanedText(text: string): string {
  const short = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 1)}…` : text;
  return CONTROL.test(short) ? short.replace(new RegExp(CONTROL, 'g'), '?') : short;
}
