/** The reply of Prometheus to an instant query (`/api/v1/query`), when it is to be one number. */
import { parseJson } from '../../base/json-text.js';
import { failure, type Result, success } from '../../base/result.js';

interface Answer {
  readonly status?: unknown;
  readonly error?: unknown;
  readonly data?: { readonly resultType?: unknown; readonly result?: unknown };
}

/** The number of a scalar or of a vector of one; else why there is none. */
export function queryValue(text: string): Result<number, string> {
  const parsed = parseJson(text);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null)
    return failure('its answer is no JSON of Prometheus');
  const { status, error, data } = parsed.value as Answer;
  if (status !== 'success')
    return failure(typeof error === 'string' ? error.slice(0, 100) : 'it tells no success');
  if (data?.resultType === 'scalar') return numberOf(data.result);
  if (data?.resultType !== 'vector' || !Array.isArray(data.result)) return failure('the query is no number');
  if (data.result.length !== 1)
    return failure(`the query has ${data.result.length} series, and must have one`);
  const [series] = data.result as readonly unknown[];
  return numberOf((series as { readonly value?: unknown } | null)?.value);
}

/** `[time, "1.5"]`. */
function numberOf(pair: unknown): Result<number, string> {
  const value =
    Array.isArray(pair) && typeof pair[1] === 'string' ? Number(pair[1] || Number.NaN) : Number.NaN;
  return Number.isFinite(value) ? success(value) : failure('its value is no number');
}
