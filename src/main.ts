#!/usr/bin/env node
/** Prints what was prepared when the package was made, or hands the command line on. Loads next to nothing itself. */
import { chosenHost } from './cli/chosen-host.js';
import { type Prepared, preparedAnswer } from './cli/instant/prepared.js';
import { type StreamFacts, styleOf } from './cli/print/style.js';
import { layOut } from './cli/print/terminal-text.js';
import { takeInherited } from './host/linux/inherited.js';
import { preparedFile, writeOut } from './host/prepared-file.js';
import { isNoTerminal } from './host/terminals.js';

/** Every prepared command line has one of these words. */
const MAY_BE_PREPARED = /^(--version|-V|--help|-h|--list|help|completion|__complete)$/;

const chosen = chosenHost(process.argv.slice(2), process.env.OCTAVO_HOST);
const text = preparedText();
if (text === undefined) void runCommand();
else print(text);

async function runCommand(): Promise<void> {
  // First of all: what comes later changes what is to be noted.
  const inherited = takeInherited();
  const { runSupervised } = await import('./supervised.js');
  await runSupervised({ ...chosen, inherited });
}

function print(whole: string): void {
  const errno = writeOut(1, whole);
  if (errno === undefined || errno === 'EPIPE') return;
  void import('./supervised.js').then(({ failUnwritable }) => failUnwritable(errno));
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
