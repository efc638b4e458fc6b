/**
 * Whether a recording saw a part of the machine or of a process only: then what it did not see may be accessed by others.
 * By the command line that perf keeps, and by the PMUs of hybrid CPUs.
 */
import type { Features } from './header-features.js';

/** Options of perf record that take a value in the next word (tools/perf/builtin-record.c). */
const SHORT_WITH_VALUE = 'epDtrCcoFmGukM';
const LONG_WITH_VALUE: ReadonlySet<string> = new Set(
  'event filter pid tid realtime cpu count output freq mmap-pages max-size cgroup uid delay clockid'
    .split(' ')
    .concat(
      'branch-filter call-graph proc-map-timeout affinity control num-thread-synthesize vmlinux'.split(' '),
    ),
);

/** Why other CPUs or threads do not show; empty when nothing says so. */
export function partWatched(features: Features): string {
  const { cpus, tid } = recordOptions(features.commandLine ?? []);
  if (tid !== undefined) return `only of thread ${tid} (-t): other threads of the process do not show`;
  if (cpus !== undefined && !areAll(cpus, features.cpus))
    return `only on CPUs ${cpus} (-C): accesses on others do not show`;
  return '';
}

/** Why only one kind of the cores of a hybrid CPU was sampled, by the PMUs of the events that sample accesses. */
export function coresLeftOut(pmus: Features['pmus'], sampled: ReadonlySet<string>): string {
  const all = ['cpu_core', 'cpu_atom'].filter((name) => [...(pmus?.values() ?? [])].includes(name));
  const missing = all.filter((name) => !sampled.has(name));
  if (all.length < 2 || missing.length !== 1) return '';
  return `accesses on cores of ${missing[0]} do not show`;
}

interface RecordOptions {
  readonly cpus: string | undefined;
  readonly tid: string | undefined;
}

/** The options before the command that was launched. */
function recordOptions(words: readonly string[]): RecordOptions {
  let cpus: string | undefined;
  let tid: string | undefined;
  for (let at = words.indexOf('record') + 1; at > 0 && at < words.length; at++) {
    const option = parsed(words[at], words[at + 1]);
    if (option === undefined) break;
    if (option.isNext) at++;
    if (option.name === 'C' || option.name === 'cpu') cpus = option.value;
    if (option.name === 't' || option.name === 'tid') tid = option.value;
  }
  return { cpus, tid };
}

interface Option {
  readonly name: string;
  readonly value: string;
  /** Whether the value is the next word. */
  readonly isNext: boolean;
}

/** Undefined when the options end: at `--`, or at the first word of a command. */
function parsed(word: string, next = ''): Option | undefined {
  if (word === '--' || !word.startsWith('-') || word === '-') return undefined;
  if (word.startsWith('--')) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [word, '', undefined];
    const isNext = value === undefined && LONG_WITH_VALUE.has(name);
    return { name, value: isNext ? next : (value ?? ''), isNext };
  }
  const at = [...word].findIndex((letter, index) => index > 0 && SHORT_WITH_VALUE.includes(letter));
  if (at < 0) return { name: word.slice(1), value: '', isNext: false };
  const rest = word.slice(at + 1);
  return { name: word[at], value: rest === '' ? next : rest, isNext: rest === '' };
}

/** Whether a list as `0-3,8` has as many CPUs as there are. */
function areAll(list: string, online: number | undefined): boolean {
  if (online === undefined) return false;
  const chosen = new Set<number>();
  for (const range of list.split(',')) {
    const [first, last = first] = range.split('-').map(Number);
    for (let cpu = first; cpu <= last && chosen.size < online; cpu++) chosen.add(cpu);
  }
  return chosen.size >= online;
}
