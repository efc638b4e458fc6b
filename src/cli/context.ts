import type { CommandContext } from '@stricli/core';
import type { Host } from '../host/host.js';
import { ERRORS, EXIT, type ExitName, type OctavoError } from '../vocabulary/errors.js';
import { Progress } from './progress.js';

/** Signals, in contrast to reasons that have to do with the output. */
const STOP_NAMES = /^SIG/;

/** What a terminal or pipe offers; main.ts fills it from the real streams, tests from memory. */
export interface Streams {
  readonly out: { write(text: string): void };
  readonly err: { write(text: string): void };
  /** Standard input as it comes, for commands that read from a pipe. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Whether standard error is a terminal: progress is drawn only there. */
  readonly interactive: boolean;
  /** Columns of the terminal, 100 for a pipe. */
  readonly columns: number;
}

/** What every command gets. Nothing in a command touches the process, its streams or its clock directly. */
export class OctavoContext implements CommandContext {
  readonly host: Host;
  readonly streams: Streams;
  /** Aborted by SIGINT or SIGTERM: finish the current block, close the journal, then stop. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly process: { stdout: { write(text: string): void }; stderr: { write(text: string): void } };
  #exit: ExitName = 'done';
  #handedOn: number | undefined;
  #jsonIndent: number | undefined = 2;

  constructor(host: Host, streams: Streams, signal: AbortSignal) {
    this.host = host;
    this.streams = streams;
    this.signal = signal;
    this.progress = new Progress(streams, host.clock);
    this.process = { stdout: streams.out, stderr: streams.err };
  }

  /** Writes a line of the result to standard output. */
  print(text: string): void {
    this.progress.clear();
    this.streams.out.write(`${text}\n`);
  }

  /** Writes a versioned noun as JSON: one document, two-space indented, or one line after `useJsonLines`. */
  printJson(value: unknown): void {
    this.progress.clear();
    this.streams.out.write(`${JSON.stringify(value, undefined, this.#jsonIndent)}\n`);
  }

  /** Several documents will come, one a line. */
  useJsonLines(): void {
    this.#jsonIndent = undefined;
  }

  /** Writes a remark to standard error, so that it never mixes with a result. */
  remark(text: string): void {
    this.progress.clear();
    this.streams.err.write(`${text}\n`);
  }

  /** How the command ended when it did not fail: shown as the process's exit code. */
  endsWith(exit: ExitName): void {
    this.#exit = exit;
  }

  /** For commands that hand another program's exit code through. */
  endsWithCode(code: number): void {
    this.#handedOn = code;
  }

  /**
   * Tells a failure on standard error. With `--json` it is a document on standard output as well, so that a script
   * has one thing to read.
   */
  fail(problem: OctavoError, json: boolean): void {
    // That nobody takes the output is told by whoever owns the streams.
    const aboutOutput = problem.code === 'STOPPED' && !STOP_NAMES.test(String(problem.facts.signal));
    if (!aboutOutput) this.remark(failureText(problem));
    if (json && !aboutOutput) this.printJson(failureDocument(problem));
    this.endsWith(ERRORS[problem.code].exit);
  }

  get exitCode(): number {
    return this.#handedOn ?? EXIT[this.#exit];
  }
}

/** A failure in words: what went wrong, and what can be done. */
export function failureText({ code, message, advice }: OctavoError): string {
  return `octavo: ${code}: ${message}\n  ${advice}`;
}

/** A failure as `--json` shows it. */
export function failureDocument({ code, facts, message, advice, exitCode }: OctavoError): object {
  return { octavo: 'failure', version: 1, code, exitCode, message, advice, facts };
}
