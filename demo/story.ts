/** What the demonstration prints: headings, remarks, command lines with what they said, and tables. */

export class Story {
  readonly #out: { write(text: string): unknown };
  readonly #started = performance.now();

  constructor(out: { write(text: string): unknown }) {
    this.#out = out;
  }

  heading(text: string): void {
    this.line(`\n── ${text} ${'─'.repeat(Math.max(2, 96 - text.length))}`);
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** A command line and what it printed, long output cut in the middle. */
  command(words: readonly string[], output: string, head: number, tail: number): void {
    this.line(`$ octavo ${words.join(' ')}`);
    const lines = output.trimEnd().split('\n');
    const cut = lines.length > head + tail + 1;
    const left = cut ? lines.length - head - tail : 0;
    const shown = cut ? [...lines.slice(0, head), `… ${left} more lines …`, ...lines.slice(-tail)] : lines;
    for (const line of shown) this.line(`  ${line}`);
  }

  /** Rows under a head: names to the left, figures to the right. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    for (const row of [head, ...rows]) {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 3),
      );
      this.line(`  ${cells.join('')}`.trimEnd());
    }
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}
