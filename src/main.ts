#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { chosenHost } from './cli/chosen-host.js';
import { failureDocument, failureText } from './cli/context.js';
import { takeInherited } from './host/linux/inherited.js';
import { supervise } from './host/thread/supervisor.js';
import { EXIT, OctavoError } from './vocabulary/errors.js';

// First of all: what comes later changes what is to be noted.
const inherited = takeInherited();
const { recording, words } = chosenHost(process.argv.slice(2), process.env.OCTAVO_HOST);
const json = words.includes('--json');
/** With --every each document is a line. */
const indent = words.some((word) => /^--every(=|$)/.test(word)) ? undefined : 2;
/** Texts of the program itself: shown before another thread would have started. */
const INSTANT = ['man', 'help', 'completion', '__complete'];

if (recording === undefined && words[0] === 'launch') {
  // The program that takes this one's place must find signals and streams as they were: no listener, no thread.
  process.exitCode = await runHere({
    out: { write: (text) => void writeSync(1, text) },
    err: { write: (text) => void writeSync(2, text) },
  });
} else if (recording === undefined && isInstant(words[0])) {
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
  const code = await runHere({ out: process.stdout, err: process.stderr });
  process.exitCode = failed ?? code;
} else {
  supervise({
    module: new URL('./command-thread.js', import.meta.url),
    commandLine: words,
    recording,
    inherited,
    lastWords(signal) {
      const problem = new OctavoError('STOPPED', { signal });
      const document = `${JSON.stringify(failureDocument(problem), undefined, indent)}\n`;
      return { err: `${failureText(problem)}\n`, out: json ? document : '' };
    },
    unwritable,
  });
}

function isInstant(word: string | undefined): boolean {
  if (word === undefined || word.startsWith('-') || INSTANT.includes(word)) return true;
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).some((one) => one === '--help' || one === '-h');
}

function unwritable(path: string, errno: string): string {
  return `${failureText(new OctavoError('FILE_UNWRITABLE', { path, errno }))}\n`;
}

/** Runs the command on this thread, without standard input. */
async function runHere(output: {
  readonly out: { write(text: string): void };
  readonly err: { write(text: string): void };
}): Promise<number> {
  const { runCommandLine } = await import('./cli/application.js');
  const { OctavoContext } = await import('./cli/context.js');
  const { linuxHost } = await import('./host/linux-host.js');
  const input = (async function* () {})();
  const streams = { ...output, input, interactive: false, columns: columnsOf(output.out) };
  const context = new OctavoContext(linuxHost(inherited), streams, new AbortController().signal);
  return runCommandLine(words, context);
}

function columnsOf(out: object): number {
  return ('columns' in out && typeof out.columns === 'number' ? out.columns : undefined) ?? 100;
}
