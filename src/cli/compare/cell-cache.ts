/**
 * Cells that were run before: one line of JSON each in one file that only grows, until it is cut to its newest half. A
 * key is a hash of everything that a cell depends on, the program included. A torn or foreign line is passed over.
 */
import { createHash } from 'node:crypto';
import type { CellJob } from '../../compare/cell-job.js';
import type { CellAnswer } from '../../compare/cell-run.js';
import type { AppendFile, Files } from '../../host/host.js';
import type { Bytes } from '../../vocabulary/units.js';
import { MIB } from '../../vocabulary/units.js';

const MOST_BYTES: Bytes = 32 * MIB;
const NAME = 'cells.jsonl';

/** Reads cells that were run before with the same code and inputs, and appends new ones. */
export class CellCache {
  readonly #files: Files;
  readonly #directory: string;
  readonly #code: string;
  readonly #cells = new Map<string, CellAnswer>();
  #file: AppendFile | undefined;
  /** Why cells cannot be kept; undefined when they are. */
  problem: string | undefined;

  constructor(files: Files, directory: string, code: string) {
    this.#files = files;
    this.#directory = directory;
    this.#code = code;
    this.#read();
  }

  get #path(): string {
    return `${this.#directory}/${NAME}`;
  }

  #read(): void {
    const text = this.#files.readText(this.#path);
    if (!text.ok) return;
    let lines = text.value.split('\n');
    if (text.value.length > MOST_BYTES) lines = this.#cut(lines);
    for (const line of lines) {
      const cell = parsed(line);
      if (cell !== undefined) this.#cells.set(cell.key, cell.answer);
    }
  }

  #cut(lines: readonly string[]): string[] {
    const newest = lines.slice(Math.floor(lines.length / 2));
    this.#files.writeFile(this.#path, newest.join('\n'));
    return newest;
  }

  keyOf(job: CellJob): string {
    return createHash('sha256')
      .update(JSON.stringify([this.#code, job]))
      .digest('hex')
      .slice(0, 32);
  }

  get(job: CellJob): CellAnswer | undefined {
    return this.#cells.get(this.keyOf(job));
  }

  keep(job: CellJob, answer: CellAnswer): void {
    if (this.problem !== undefined) return;
    this.#file ??= this.#open();
    const written = this.#file?.append(`${JSON.stringify({ key: this.keyOf(job), answer })}\n`);
    if (written !== undefined && !written.ok) this.problem = written.error.errno;
  }

  #open(): AppendFile | undefined {
    this.#files.makeDirectory(this.#directory);
    const file = this.#files.appendTo(this.#path);
    if (file.ok) return file.value;
    this.problem = file.error.errno;
    return undefined;
  }

  close(): void {
    this.#file?.close();
  }
}

function parsed(line: string): { readonly key: string; readonly answer: CellAnswer } | undefined {
  if (line === '') return undefined;
  try {
    const value = JSON.parse(line) as {
      readonly key?: unknown;
      readonly answer?: { readonly kind?: unknown };
    } | null;
    const { key, answer } = value ?? {};
    if (typeof key !== 'string' || (answer?.kind !== 'run' && answer?.kind !== 'none')) return undefined;
    return { key, answer: answer as CellAnswer };
  } catch {
    return undefined;
  }
}
