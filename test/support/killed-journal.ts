/** What a SIGKILL leaves of a run: its journal up to the first announcement of steps. */
import { bodyOf, unpacked } from '../../src/cycle/journal-lines.js';

export function killedJournal(text: string): string {
  const lines = text.split('\n');
  const kindOf = (line: string) => (unpacked(bodyOf(line) ?? 'null') as { kind?: string } | null)?.kind;
  const intent = lines.findIndex((line) => kindOf(line) === 'intent');
  if (intent < 0) throw new Error('the run announced nothing');
  return `${lines.slice(0, intent + 1).join('\n')}\n`;
}
