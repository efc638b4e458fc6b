import { ensureCgroup } from '../kernel/files/cgroup-files.js';
import type { ModelNode } from '../kernel/state/file-tree.js';
import { answer, lineOf, misuse, refusal, type ShellCommand, type ShellState } from './shell-command.js';
import { parseAddress } from './words.js';

const CGROUPS = '/sys/fs/cgroup';

/** Commands on files: ls, cat, write and the like. */
export const FILE_COMMANDS: Readonly<Record<string, ShellCommand>> = {
  ls: {
    usage: 'ls PATH',
    brief: 'names in a directory, one a line, in the kernel’s order',
    run: ({ host }, [path]) =>
      path === undefined ? misuse('ls PATH') : lineOf(host.files.list(path), (names) => names.join('\n')),
  },
  tree: {
    usage: 'tree PATH',
    brief: 'everything below a directory as `MODE PATH = CONTENT`, newlines as \\n',
    run: (state, [path]) => {
      if (path === undefined) return misuse('tree PATH');
      const node = state.host.kernel.files.find(path);
      return typeof node === 'string'
        ? refusal(node)
        : answer([...treeLines(node, path.replace(/\/$/, ''))].join('\n'));
    },
  },
  cat: {
    usage: 'cat PATH',
    brief: 'content of a text file; the errno when it cannot be read',
    run: ({ host }, [path]) =>
      path === undefined
        ? misuse('cat PATH')
        : lineOf(host.files.readText(path), (text) => text.replace(/\n$/, '')),
  },
  words: {
    usage: 'words PATH FIRST COUNT',
    brief: '64-bit words of pagemap, kpageflags and their like, in hexadecimal, from word FIRST on',
    run: (state, words) => showWords(state, words),
  },
  echo: {
    usage: 'echo TEXT > PATH',
    brief: 'one write of TEXT and a newline to a kernel file; the errno when the kernel fails it',
    run: ({ host }, words, target) => {
      if (target === undefined) return answer(words.join(' '));
      truncate(host.kernel.files.find(target));
      return lineOf(host.files.writeKernelFile(target, `${words.join(' ')}\n`), () => '');
    },
  },
  mkdir: {
    usage: 'mkdir PATH',
    brief: `a cgroup below ${CGROUPS}, or an ordinary directory`,
    run: ({ host }, [path]) => {
      if (path === undefined) return misuse('mkdir PATH');
      if (!path.startsWith(`${CGROUPS}/`)) return lineOf(host.files.makeDirectory(path), () => '');
      const made = ensureCgroup(host.kernel, path.slice(CGROUPS.length));
      return typeof made === 'string' ? refusal(made) : answer('');
    },
  },
};

/** `>` opens with O_TRUNC. */
function truncate(node: ModelNode | string): void {
  if (typeof node !== 'string' && node.kind === 'file') node.truncate?.();
}

function* treeLines(node: ModelNode, path: string): Generator<string> {
  if (node.kind === 'symlink') {
    yield `0777 ${path} -> ${node.target}`;
    return;
  }
  const mode = node.mode.toString(8).padStart(4, '0');
  if (node.kind === 'directory') {
    yield `${mode} ${path}/`;
    for (const name of [...node.names()].sort(byName)) {
      const child = node.lookup(name);
      if (child !== undefined) yield* treeLines(child, `${path}/${name}`);
    }
    return;
  }
  const text = node.read?.();
  yield `${mode} ${path}${typeof text === 'string' ? ` = ${text.replace(/\n/g, '\\n')}` : ''}`;
}

/** Numbers in names by value, so that hugepages-64kB comes before hugepages-128kB. */
function byName(left: string, right: string): number {
  const pad = (name: string) => name.replace(/\d+/g, (digits) => digits.padStart(12, '0'));
  return pad(left) < pad(right) ? -1 : 1;
}

function showWords({ host }: ShellState, [path, first, count]: readonly string[]) {
  const from = parseAddress(first ?? '');
  const words = parseAddress(count ?? '');
  if (path === undefined || from === undefined || words === undefined || words > 65536)
    return misuse('words PATH FIRST COUNT, at most 65536 of them');
  const file = host.files.open(path);
  if (!file.ok) return refusal(file.error.errno);
  const into = new Uint8Array(words * 8);
  return lineOf(file.value.read(into, from * 8), (bytes) => hexWords(into.subarray(0, bytes)));
}

function hexWords(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    lines.push(view.getBigUint64(at, true).toString(16).padStart(16, '0'));
  return lines.join('\n');
}
