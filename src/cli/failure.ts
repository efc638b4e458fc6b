/** How a failure is told, as text and as a document. Pure. */
import type { OctavoError } from '../vocabulary/errors.js';

type Shown = (text: string) => string;
const asIs: Shown = (text) => text;

/** A failure in words: what went wrong, and what can be done. */
export function failureText({ code, message, advice }: OctavoError, shown: Shown = asIs): string {
  return `octavo: ${code}: ${shown(message)}\n  ${shown(advice)}`;
}

/** A failure as `--json` shows it. */
export function failureDocument(problem: OctavoError, shown: Shown = asIs): object {
  const { code, facts, exitCode } = problem;
  const [message, advice] = [shown(problem.message), shown(problem.advice)];
  return { octavo: 'failure', version: 1, code, exitCode, message, advice, facts };
}
