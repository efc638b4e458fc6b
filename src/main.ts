#!/usr/bin/env node
/** Prints what was prepared when the package was made, or hands the command line on. Loads next to nothing itself. */
import { chosenHost } from './cli/chosen-host.js';
import { type Prepared, preparedAnswer } from './cli/instant/prepared.js';
import { type StreamFacts, styleOf } from './cli/print/style.js';
import { layOut } from './cli/print/terminal-text.js';
import { takeInherited } from './host/linux/inherited.js';
import { isNoTerminal, preparedFile, writeOut } from './host/prepared-file.js';

/** Every prepared command line has one of these words. */
const MAY_BE_PREPARED = /^(--version|-V|--help|-h|--list|help|completion|__complete)$/;

const chosen = chosenHost(process.argv.slice(2), process.env.OCTAVO_HOST);
const text = preparedText();
if (text === undefined) {
  // First of all: what comes later changes what is to be noted.
  const inherited = takeInherited();
  const { runSupervised } = await import('./supervised.js');
  await runSupervised({ ...chosen, inherited });
} else {
  const errno = writeOut(1, text);
  if (errno !== undefined && errno !== 'EPIPE') {
    const { failUnwritable } = await import('./supervised.js');
    failUnwritable(errno);
  }
}

function preparedText(): string | undefined {
  const { recording, words } = chosen;
  if (recording !== undefined || !words.some((word) => MAY_BE_PREPARED.test(word))) return undefined;
  const prepared = preparedFile(import.meta.url) as Prepared | undefined;
  const answer = prepared && preparedAnswer(words, prepared);
  if (answer === undefined || answer.isExact) return answer?.text;
  // Looking at a stream makes it, which takes its time: only a terminal is worth that.
  const facts: StreamFacts = isNoTerminal(1) ? {} : process.stdout;
  return layOut(answer.text, styleOf(process.env, facts));
}
