/** Octavo's model shell as a child: lines in, what each printed out. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** Printed behind the output of each line; nothing else prints it. */
const END = '-- end of the answer --';

export class ModelShell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(words: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, 'model', 'shell', ...words], { stdio: 'pipe' });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    // A shell that has ended breaks the pipe; the missing answer tells it.
    this.#child.stdin.on('error', () => undefined);
  }

  /** Runs one line and returns what it printed. */
  async run(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\necho "${END}"\n`);
    const printed: string[] = [];
    for (;;) {
      const next = await this.#lines.next();
      if (next.done) throw new Error(`the model shell ended at \`${line}\``);
      if (next.value === END) return printed.join('\n');
      printed.push(next.value);
    }
  }

  end(): void {
    this.#child.stdin.end();
  }
}
