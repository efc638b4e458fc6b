/** The user's own metric: a number in a file, what a command prints, or a query of Prometheus. Never waited for: the last
 * value counts, for a while. */
import { queryValue } from '../../formats/prometheus/query-answer.js';
import type { MetricReading } from '../../guards/guard.js';
import type { Host, Program } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { MetricSource } from './guard-options.js';

type Value = Pick<MetricReading, 'value' | 'problem'>;

/** Where a value comes from. `poll` begins to get it, `value` is the last one that came. */
interface ValueReader {
  poll(nowMs: Milliseconds): void;
  readonly value: Value;
}

/** A command that takes longer is ended. */
const COMMAND_MS: Milliseconds = 5000;
const MOST_FILE = 1024 * 1024;
/** Output beyond this is not looked at. */
const MOST_OUTPUT = 4096;

/**
 * Reads the metric of a target, and of its control group where one is given, in the background. A value that
 * is too old is unknown.
 */
export class MetricReader {
  readonly #own: ValueReader;
  readonly #control: ValueReader | undefined;

  constructor(host: Host, source: MetricSource) {
    const { file, command, query, controlFile, controlCommand, controlQuery, prometheus } = source;
    this.#own = readerOf(host, { file, command, query, prometheus }) ?? new NoValue();
    this.#control = readerOf(host, {
      ...{ file: controlFile, command: controlCommand, query: controlQuery, prometheus },
    });
  }

  /** The value now. `acted`: whether the target was acted on since the last reading. */
  read(nowMs: Milliseconds, acted: boolean): MetricReading {
    this.#own.poll(nowMs);
    this.#control?.poll(nowMs);
    const control = this.#control?.value;
    return {
      ...this.#own.value,
      acted,
      ...(control === undefined ? {} : { control: control.value ?? Number.NaN }),
      ...(control?.problem === undefined ? {} : { problem: `its control: ${control.problem}` }),
    };
  }
}

type Place = Pick<MetricSource, 'file' | 'command' | 'query' | 'prometheus'>;

function readerOf(host: Host, { file, command, query, prometheus }: Place): ValueReader | undefined {
  if (file !== undefined) return new FileValue(host, file);
  if (command !== undefined) return new CommandValue(host, command);
  return query === undefined ? undefined : new QueryValue(host, prometheus ?? '', query);
}

class NoValue implements ValueReader {
  readonly value: Value = { value: undefined, problem: 'nothing says where it is' };

  poll(): void {
    // There is nothing to get.
  }
}

class FileValue implements ValueReader {
  readonly #host: Host;
  readonly #path: string;
  value: Value = { value: undefined };

  constructor(host: Host, path: string) {
    this.#host = host;
    this.#path = path;
  }

  poll(): void {
    // A pipe would be waited for.
    const status = this.#host.files.status(this.#path);
    if (status.ok && (status.value.kind !== 'file' || status.value.bytes > MOST_FILE)) {
      this.value = { value: undefined, problem: `${this.#path} is no small file` };
      return;
    }
    const text = this.#host.files.readText(this.#path);
    this.value = text.ok
      ? numberIn(text.value.slice(0, MOST_OUTPUT), this.#path)
      : { value: undefined, problem: `${this.#path} cannot be read (${text.error.errno})` };
  }
}

/** The last number of a text: what `redis-cli --latency` and most scripts print stands at the end. */
function numberIn(text: string, where: string): Value {
  const found = text.trim().split(/\s+/).at(-1) ?? '';
  const value = Number(found);
  if (found !== '' && Number.isFinite(value)) return { value };
  return { value: undefined, problem: `${where} ends with no number: \`${found.slice(0, 40)}\`` };
}

class CommandValue implements ValueReader {
  readonly #host: Host;
  readonly #words: readonly string[];
  #running: { readonly program: Program; readonly sinceMs: Milliseconds } | undefined;
  value: Value = { value: undefined, problem: 'the command has printed nothing yet' };

  constructor(host: Host, words: readonly string[]) {
    this.#host = host;
    this.#words = words;
  }

  poll(nowMs: Milliseconds): void {
    if (this.#running !== undefined) {
      if (nowMs - this.#running.sinceMs > COMMAND_MS) this.#running.program.signal('SIGKILL');
      return;
    }
    const [name, ...parameters] = this.#words;
    const started = this.#host.calls.start(name, parameters);
    if (!started.ok) {
      this.value = { value: undefined, problem: `${name} cannot be started (${started.error.errno})` };
      return;
    }
    this.#running = { program: started.value, sinceMs: nowMs };
    void this.#await(started.value, name);
  }

  async #await(program: Program, name: string): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const piece of program.output)
      if (text.length < MOST_OUTPUT) text += decoder.decode(piece, { stream: true });
    const end = await program.ended;
    this.#running = undefined;
    this.value =
      end === 0 ? numberIn(text, name) : { value: undefined, problem: `${name} ended with ${String(end)}` };
  }
}

/** A Prometheus that takes longer has not answered, and one number takes no more bytes. */
const QUERY_MS: Milliseconds = 2000;
const MOST_ANSWER = 64 * 1024;

class QueryValue implements ValueReader {
  readonly #host: Host;
  readonly #url: string;
  #isAsking = false;
  value: Value = { value: undefined, problem: 'Prometheus has not answered yet' };

  constructor(host: Host, prometheus: string, query: string) {
    this.#host = host;
    this.#url = `${prometheus.replace(/\/+$/, '')}/api/v1/query?query=${encodeURIComponent(query)}`;
  }

  poll(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#ask().then((value) => {
      this.value = value;
      this.#isAsking = false;
    });
  }

  async #ask(): Promise<Value> {
    const answer = await this.#host.network?.get(this.#url, QUERY_MS, MOST_ANSWER);
    if (answer === undefined) return { value: undefined, problem: 'this host has no network' };
    if (!answer.ok) return { value: undefined, problem: `Prometheus: ${answer.error.errno}` };
    const found = queryValue(answer.value);
    return found.ok ? { value: found.value } : { value: undefined, problem: `Prometheus: ${found.error}` };
  }
}
