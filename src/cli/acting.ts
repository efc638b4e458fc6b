/**
 * Commands that change anything unless told otherwise: none of them is proposed to a hurried user. By name, since a
 * proposal is made before commands are loaded; a test compares this with the effects that the commands declare.
 */
const ACTING = new Set([
  ...['apply', 'undo', 'run', 'probe', 'record', 'launch', 'agent'],
  ...['damon apply', 'damon act', 'damon heatmap', 'model mount', 'model run'],
]);

/** Whether a command, by its words without `octavo`, does more than look. */
export function isActing(words: string): boolean {
  return ACTING.has(words);
}
