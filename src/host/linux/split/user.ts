/** Whom the deciding process runs as. */
import { readFileSync } from 'node:fs';

/** A user and its group, by number. */
export interface User {
  readonly userId: number;
  readonly groupId: number;
}

/** The user of no files: the kernel's overflow ids. */
const NOBODY: User = { userId: 65534, groupId: 65534 };
/** A user that a package or an administrator may have made for it. */
const NAME = 'octavo';

/** Undefined where this process does not run as root, so it cannot change its user. */
export function decidingUser(): User | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  return namedUser(passwords(), NAME) ?? NOBODY;
}

/** A user of passwd(5) text; root is never one. */
export function namedUser(text: string, name: string): User | undefined {
  const fields = text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([found]) => found === name);
  const [userId, groupId] = [Number(fields?.[2]), Number(fields?.[3])];
  return userId > 0 && groupId > 0 ? { userId, groupId } : undefined;
}

function passwords(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}
