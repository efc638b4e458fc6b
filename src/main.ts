#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { chosenHost } from './cli/chosen-host.js';
import { failureDocument, failureText } from './cli/context.js';
import { takeInherited } from './host/linux/inherited.js';
import { supervise } from './host/thread/supervisor.js';
import { OctavoError } from './vocabulary/errors.js';

// First of all: what comes later changes what is to be noted.
const inherited = takeInherited();
const { recording, words } = chosenHost(process.argv.slice(2), process.env.OCTAVO_HOST);
const json = words.includes('--json');
/** With --every each document is a line. */
const indent = words.some((word) => /^--every(=|$)/.test(word)) ? undefined : 2;

// The program that takes this one's place must find signals and streams as they were: no listener, no thread.
if (words[0] === 'launch' && recording === undefined) process.exitCode = await launch();
else {
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
    unwritable: (path, errno) => `${failureText(new OctavoError('FILE_UNWRITABLE', { path, errno }))}\n`,
  });
}

/** Comes back only with a failure, or with help. */
async function launch(): Promise<number> {
  const { runCommandLine } = await import('./cli/application.js');
  const { OctavoContext } = await import('./cli/context.js');
  const { linuxHost } = await import('./host/linux-host.js');
  const streams = {
    out: { write: (text: string) => void writeSync(1, text) },
    err: { write: (text: string) => void writeSync(2, text) },
    input: (async function* () {})(),
    interactive: false,
    columns: 100,
  };
  const context = new OctavoContext(linuxHost(inherited), streams, new AbortController().signal);
  return runCommandLine(words, context);
}
