/** Commands that change memory or DAMON, or start another program: none of them is proposed to a hurried user. */
const ACTING = new Set(['apply', 'undo', 'run', 'probe', 'launch', 'damon apply', 'damon act', 'model run']);

/** Whether a command, by its words without `octavo`, does more than look. */
export function isActing(words: string): boolean {
  return ACTING.has(words);
}
