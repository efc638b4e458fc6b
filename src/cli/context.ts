import type { Application, CommandContext, RouteMap } from '@stricli/core';
import { assert } from '../base/assert.js';
import type { Host } from '../host/host.js';
import { ERRORS, EXIT, type ExitName, OctavoError } from '../vocabulary/errors.js';
import { failureDocument, failureText } from './failure.js';
import { withOptionHomes } from './option-homes.js';
import { layOut, PLAIN, type TextStyle } from './print/terminal-text.js';
import { Progress } from './progress.js';

/** Signals, in contrast to reasons that have to do with the output. */
const STOP_NAMES = /^SIG/;

/** A terminal that a command may draw on: keys come as they are typed while it is taken. */
export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  take(): void;
  release(): void;
  /** Called with each new size while it is taken. */
  onResize(listener: () => void): void;
}

/** What a terminal or pipe offers; main.ts fills it from the real streams, tests from memory. */
export interface Streams {
  readonly out: { write(text: string | Uint8Array): void };
  readonly err: { write(text: string): void };
  /** Standard input as it comes, for commands that read from a pipe. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Whether standard error is a terminal: progress is drawn only there. */
  readonly interactive: boolean;
  /** Columns of the terminal, 100 for a pipe. */
  readonly columns: number;
  /** How text is written to either; as it is when absent. */
  readonly outStyle?: TextStyle;
  /** Absent where standard input or output is no terminal. */
  readonly terminal?: Terminal;
  readonly errStyle?: TextStyle;
}

/** A stream whose writers know nothing of tables and terminals: the argument parser's help. */
function laidOut(stream: Streams['err'], style: TextStyle = PLAIN): Streams['err'] {
  return { write: (text) => stream.write(layOut(text, style)) };
}

/** Octavo's whole command line, for commands that tell of others or run them. */
export interface CommandLine {
  /** Runs these words as a command line of its own and returns its exit code. */
  run(words: readonly string[], context: OctavoContext): Promise<number>;
  application(): Promise<Application<OctavoContext>>;
  routes(): Promise<RouteMap<OctavoContext>>;
  /** Names of the commands, in the order of help. */
  readonly names: readonly string[];
}

/** What every command gets. Nothing in a command touches the process, its streams or its clock directly. */
export class OctavoContext implements CommandContext {
  readonly host: Host;
  readonly streams: Streams;
  /** Aborted by SIGINT or SIGTERM: finish the current block, close the journal, then stop. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly process: { stdout: { write(text: string): void }; stderr: { write(text: string): void } };
  /** The command that runs, `octavo damon act`, for advice that names it. */
  command = 'octavo';
  /** How an agent of this machine becomes two processes; absent where there is no machine. */
  sides: { readonly acting: URL; readonly deciding: URL; readonly words: readonly string[] } | undefined;
  /** Called in loops over what is read: to be waited for where the thread has more to do. */
  turn: () => Promise<void> | undefined = () => undefined;
  /** Whether that command has an option of this name. */
  hasOption: (option: string) => boolean = () => true;
  #line: CommandLine | undefined;
  #exit: ExitName = 'done';
  #handedOn: number | undefined;
  #jsonIndent: number | undefined = 2;
  /** Whether anything of the result was written. */
  #hasPrinted = false;
  readonly #reloads: (listener: () => void) => void;

  /** `reloads`: registers who is told of SIGHUP; nothing happens where there are no signals. */
  constructor(
    host: Host,
    streams: Streams,
    signal: AbortSignal,
    reloads: (listener: () => void) => void = () => undefined,
  ) {
    this.#reloads = reloads;
    this.host = host;
    this.streams = streams;
    this.signal = signal;
    this.progress = new Progress(streams, host.clock);
    this.process = {
      stdout: laidOut(streams.out, streams.outStyle),
      stderr: laidOut(streams.err, streams.errStyle),
    };
  }

  /** The command line that runs the command: it says so before it does. */
  get commandLine(): CommandLine {
    assert(this.#line !== undefined, 'a command runs without a command line');
    return this.#line;
  }

  set commandLine(line: CommandLine) {
    this.#line = line;
  }

  /** From now on SIGHUP asks for something to be read again and no longer ends the command. */
  onReload(listener: () => void): void {
    this.#reloads(listener);
  }

  /** Writes text of the result to standard output, laid out for its reader. */
  print(text: string): void {
    this.progress.clear();
    this.#hasPrinted = true;
    this.streams.out.write(`${layOut(text, this.streams.outStyle ?? PLAIN)}\n`);
  }

  /** Writes text that a program reads, as it is: scripts, files of another format. */
  printExact(text: string): void {
    this.progress.clear();
    this.#hasPrinted = true;
    this.streams.out.write(`${text}\n`);
  }

  /** Writes a file to standard output, and nothing else. */
  printBytes(bytes: Uint8Array): void {
    this.progress.clear();
    this.#hasPrinted = true;
    this.streams.out.write(bytes);
  }

  /** Writes a versioned noun as JSON: one document, two-space indented, or one line after `useJsonLines`. */
  printJson(value: unknown): void {
    this.printExact(JSON.stringify(value, undefined, this.#jsonIndent));
  }

  /** Several documents will come, one a line. */
  useJsonLines(): void {
    this.#jsonIndent = undefined;
  }

  /** Writes a remark to standard error, so that it never mixes with a result. */
  remark(text: string): void {
    this.progress.clear();
    this.streams.err.write(`${layOut(text, this.streams.errStyle ?? PLAIN)}\n`);
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
  fail(failed: OctavoError, json: boolean): void {
    const problem = this.#told(failed);
    // The owner of the streams reports that the reader of the output is gone.
    const isStop = problem.code === 'STOPPED' || problem.code === 'STOPPED_MIDWAY';
    const aboutOutput = isStop && !STOP_NAMES.test(String(problem.facts.signal));
    const elsewhere = (text: string) => withOptionHomes(text, this.hasOption);
    if (!aboutOutput) this.remark(failureText(problem, elsewhere));
    if (json && !aboutOutput) this.printJson(failureDocument(problem, elsewhere));
    this.endsWith(ERRORS[problem.code].exit);
  }

  /** What several commands share cannot know which of them runs; the user is sent to the one that does. */
  #told(problem: OctavoError): OctavoError {
    const { code, facts } = problem;
    if (code === 'STOPPED' && this.#hasPrinted) return new OctavoError('STOPPED_MIDWAY', facts);
    if (this.command === 'octavo' || !Object.hasOwn(facts, 'command')) return problem;
    const bare = code === 'USAGE' ? this.command.replace(/^octavo /, '') : this.command;
    return new OctavoError(code, { ...facts, command: bare });
  }

  get exitCode(): number {
    return this.#handedOn ?? EXIT[this.#exit];
  }
}
