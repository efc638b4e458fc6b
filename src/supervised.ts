/** Runs a command line whose answer was not prepared: main.ts hands it on. */
import { writeSync } from 'node:fs';
import type { ChosenHost } from './cli/chosen-host.js';
import { failureDocument, failureText } from './cli/failure.js';
import type { Inherited } from './host/linux/inherited.js';
import { bugReport, factsOf, supervise } from './host/thread/supervisor.js';
import { plainImport, runQuick } from './quick.js';
import { EXIT, OctavoError } from './vocabulary/errors.js';

/** Texts of the program itself: shown before another thread would have started. */
const INSTANT = ['man', 'help', 'completion', '__complete'];

/** What main.ts knows. */
export interface Started extends ChosenHost {
  readonly inherited: Inherited;
}

/** Runs a command on a thread of its own, and `launch` on this one. Sets the exit code. */
export async function runSupervised(started: Started): Promise<void> {
  const { recording, words, inherited } = started;
  if (recording === undefined && words[0] === 'launch') {
    // The program that takes this one's place must find signals and streams as they were: no listener, no thread.
    const { runHere } = await import('./run-here.js');
    process.exitCode = await runHere(started, {
      out: { write: (text) => void writeSync(1, Buffer.from(text)) },
      err: { write: (text) => void writeSync(2, text) },
    });
  } else if (recording === undefined && isInstant(words)) await runInstant(started);
  else if (!(await hasRunQuickly(started))) {
    supervise({
      module: new URL('./command-thread.js', import.meta.url),
      commandLine: words,
      recording,
      inherited,
      lastWords: (signal, hasTold) => lastWords(words, signal, hasTold),
      unwritable,
    });
  }
}

/** Whether the command was one that the main thread runs, and has run. */
async function hasRunQuickly(started: Started): Promise<boolean> {
  const { recording, words } = started;
  const plain = recording === undefined ? plainImport(words) : undefined;
  if (plain === undefined) return false;
  const facts = { out: factsOf(1), err: factsOf(2) };
  await runQuick(
    { ...started, plain, facts },
    {
      lastWords: (signal, hasTold) => lastWords(words, signal, hasTold),
      unwritable: (errno) => unwritable('standard output', errno),
      bug: bugReport,
    },
  );
  return true;
}

async function runInstant(started: Started): Promise<void> {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => process.exit(EXIT.interrupted));
  let failed: number | undefined;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (failed === undefined && code !== 'EPIPE')
      process.stderr.write(unwritable('standard output', code ?? 'EIO'));
    failed ??= code === 'EPIPE' ? EXIT.done : EXIT.badInput;
    process.exitCode = failed;
  });
  process.stderr.on('error', () => undefined);
  const { runHere } = await import('./run-here.js');
  const code = await runHere(started, { out: process.stdout, err: process.stderr });
  process.exitCode = failed ?? code;
}

/** What is said of a command that was ended before it could say anything, or anything more. */
function lastWords(
  words: readonly string[],
  signal: string,
  hasTold: boolean,
): { readonly out: string; readonly err: string } {
  const problem = new OctavoError(hasTold ? 'STOPPED_MIDWAY' : 'STOPPED', { signal });
  // With --every each document is a line.
  const indent = words.some((word) => /^--every(=|$)/.test(word)) ? undefined : 2;
  const document = `${JSON.stringify(failureDocument(problem), undefined, indent)}\n`;
  return { err: `${failureText(problem)}\n`, out: words.includes('--json') ? document : '' };
}

function isInstant(words: readonly string[]): boolean {
  const [word] = words;
  if (word === undefined || word.startsWith('-') || INSTANT.includes(word)) return true;
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).some((one) => one === '--help' || one === '-h');
}

/** Ends a program whose standard output cannot be written. */
export function failUnwritable(errno: string): void {
  process.stderr.write(unwritable('standard output', errno));
  process.exitCode = EXIT.badInput;
}

function unwritable(path: string, errno: string): string {
  return `${failureText(new OctavoError('FILE_UNWRITABLE', { path, errno }))}\n`;
}
