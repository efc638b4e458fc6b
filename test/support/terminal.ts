/** A command line on a host of the test's choice, inside this process: its input given, its output kept. */
import { runCommandLine } from '../../src/cli/application/application.js';
import type { Commands } from '../../src/cli/application/command-table.js';
import { OctavoContext, type Terminal as Screen } from '../../src/cli/context.js';
import type { TextStyle } from '../../src/cli/print/terminal-text.js';
import type { Host } from '../../src/host/host.js';

export interface Terminal {
  readonly context: OctavoContext;
  /** Runs one command line and returns its exit code. */
  run(words: readonly string[]): Promise<number>;
  /** What went to standard output and standard error so far. */
  out(): string;
  err(): string;
  /** Both, in the order in which they were written. */
  told(): string;
}

export interface TerminalOptions {
  /** How text is laid out; as it is when absent. */
  readonly style?: TextStyle;
  /** Commands in place of those of their names. */
  readonly own?: Partial<Commands>;
  /** Pieces of standard input. */
  readonly input?: readonly string[];
  readonly signal?: AbortSignal;
  /** A screen to draw on; none when absent. */
  readonly screen?: Screen;
  /** Told what standard output has so far, whenever something was written. */
  readonly onOutput?: (out: string) => void;
}

export function terminalOn(host: Host, options: TerminalOptions = {}): Terminal {
  const { style, own, input = [], signal = new AbortController().signal, screen, onOutput } = options;
  const kept = { out: '', err: '', told: '' };
  const streams = {
    out: {
      write(text: string) {
        kept.out += text;
        kept.told += text;
        onOutput?.(kept.out);
      },
    },
    err: {
      write(text: string) {
        kept.err += text;
        kept.told += text;
      },
    },
    ...{ input: pieces(input), interactive: false, columns: style?.width ?? 100 },
    ...(style === undefined ? {} : { outStyle: style, errStyle: style }),
    ...(screen === undefined ? {} : { terminal: screen }),
  };
  const context = new OctavoContext(host, streams, signal);
  return {
    context,
    run: (words) => runCommandLine(words, context, own),
    out: () => kept.out,
    err: () => kept.err,
    told: () => kept.told,
  };
}

async function* pieces(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}
