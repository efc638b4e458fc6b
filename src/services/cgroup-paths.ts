/** Paths of /proc/PID/cgroup, of both versions, and names as systemd escapes them. */

/** Hierarchies in the order in which they tell most of a service: the unified one, systemd's own, the memory controller's. */
const TELLING = ['', 'name=systemd', 'memory'];

/**
 * The different paths that a process has in its hierarchies, the most telling first. Without the root, and without the
 * leading `/..` of a reader in a cgroup namespace of its own.
 */
export function cgroupPaths(text: string): readonly string[] {
  const lines = text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    return match === null ? [] : [{ controllers: match[1].split(','), path: inNamespace(match[2]) }];
  });
  const rank = (controllers: readonly string[]) => {
    const found = TELLING.findIndex((name) => controllers.includes(name));
    return found < 0 ? TELLING.length : found;
  };
  const ranked = lines.sort((left, right) => rank(left.controllers) - rank(right.controllers));
  return [...new Set(ranked.map(({ path }) => path))].filter((path) => path !== '/');
}

function inNamespace(path: string): string {
  return path.replace(/^(\/\.\.)+(?=\/|$)/, '') || '/';
}

/** The names on the way from the root, with the `_` that systemd puts in front of names the kernel keeps to itself. */
export function namesOf(path: string): readonly string[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map((name) => (/^_./.test(name) ? name.slice(1) : name));
}

/** Undoes systemd-escape: `\x2d` and the like are bytes of UTF-8, `-` stands for `/` only in paths and is left. */
export function unescapeUnit(name: string): string {
  if (!name.includes('\\x')) return name;
  const bytes: number[] = [];
  for (const [piece, digits] of name.matchAll(/\\x([0-9a-fA-F]{2})|[^\\]+|\\/g)) {
    if (digits === undefined) bytes.push(...new TextEncoder().encode(piece));
    else bytes.push(Number.parseInt(digits, 16));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
