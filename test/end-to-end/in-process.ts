/** Runs the command line inside this process, for loops too tight for a process each. */
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { terminalOn } from '../support/terminal.js';

const host = linuxHost();

export interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function octavo(words: readonly string[]): Promise<Told> {
  const { run, out, err } = terminalOn(host);
  const code = await run(words);
  return { code, stdout: out(), stderr: err() };
}
