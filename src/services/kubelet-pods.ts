/**
 * Names that the kubelet gives to pods and containers, from its list in a file or at a loopback address. Asked now and then,
 * beside everything else: no turn waits for it, and what it said holds for a while when it is gone, slow or says nonsense.
 */
import type { Host } from '../host/host.js';
import type { Bytes, Milliseconds } from '../vocabulary/units.js';
import type { ContainerPlace } from './container.js';
import { type PodNames, podNames } from './pod-list.js';
import type { ContainerNames } from './runtime-state.js';

const EVERY: Milliseconds = 30_000;
/** Asked again so soon when there is a container that it has not named. */
const AT_MOST_EVERY: Milliseconds = 2000;
const ANSWERS_WITHIN: Milliseconds = 2000;
/** A pod takes some 10 kB of the list. */
const MOST_BYTES: Bytes = 16 * 1024 * 1024;
/** Names of a kubelet that has not answered for longer are forgotten. */
const HOLDS_FOR: Milliseconds = 600_000;

type Told = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** Names of pods by the last answer of a kubelet that was one. */
export class KubeletPods {
  readonly #host: Host;
  readonly #place: string;
  #names: PodNames | undefined;
  #text = '';
  #askedMs = Number.NEGATIVE_INFINITY;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  /** Whether a container was asked for since that it has not named. */
  isMissed = false;
  /** Counts changes of the list: a cache of names reads them again. */
  generation = 0;
  /** Why there are no new names at the moment. */
  problem: string | undefined;

  /** `place`: an absolute path, or `http://127.0.0.1:10255/pods`. */
  constructor(host: Host, place: string) {
    this.#host = host;
    this.#place = place;
  }

  of(place: ContainerPlace): ContainerNames {
    const names = this.#names?.of(place) ?? {};
    if (place.pod !== undefined && names.pod === undefined) this.isMissed = true;
    return names;
  }

  /** Asks when it is time; returns at once. */
  poll(): void {
    const nowMs = this.#host.clock.monotonicNs() / 1e6;
    const everyMs = this.isMissed ? AT_MOST_EVERY : EVERY;
    if (this.#isAsking || nowMs - this.#askedMs < everyMs) return;
    this.#askedMs = nowMs;
    this.isMissed = false;
    if (this.#place.startsWith('/')) {
      this.#note(this.#read());
      return;
    }
    this.#isAsking = true;
    void this.#ask().then((told) => {
      this.#isAsking = false;
      this.#note(told);
    });
  }

  #note(told: Told): void {
    const nowMs = this.#host.clock.monotonicNs() / 1e6;
    this.problem = told.ok ? this.#heard(told.text) : `kubelet: ${told.problem}`;
    if (this.problem === undefined) this.#answeredMs = nowMs;
    if (this.#names !== undefined && nowMs - this.#answeredMs > HOLDS_FOR) this.#take(undefined, '');
  }

  /** A list that it has told before is not read again. Returns what is wrong with a new one. */
  #heard(text: string): string | undefined {
    if (this.#names !== undefined && text === this.#text) return undefined;
    const names = podNames(text);
    if (!names.ok) return `kubelet: ${names.error}`;
    this.#take(names.value, text);
    return undefined;
  }

  #take(names: PodNames | undefined, text: string): void {
    this.#names = names;
    this.#text = text;
    this.generation++;
  }

  #read(): Told {
    const { files } = this.#host;
    // A pipe would be waited for.
    const status = files.status(this.#place);
    if (status.ok && (status.value.kind !== 'file' || status.value.bytes > MOST_BYTES))
      return { ok: false, problem: `${this.#place} is no file of at most ${MOST_BYTES} bytes` };
    const text = files.readText(this.#place);
    return text.ok
      ? { ok: true, text: text.value }
      : { ok: false, problem: `${this.#place} cannot be read (${text.error.errno})` };
  }

  async #ask(): Promise<Told> {
    const answer = await this.#host.network?.get(this.#place, ANSWERS_WITHIN, MOST_BYTES);
    if (answer === undefined) return { ok: false, problem: 'this host has no network' };
    return answer.ok
      ? { ok: true, text: answer.value }
      : { ok: false, problem: `${this.#place}: ${answer.error.errno}` };
  }
}
