/**
 * /sys/kernel/btf/vmlinux (include/uapi/linux/btf.h): the kernel's own type information. Of its two sections only
 * the strings are of interest: the names of types, members, enumerators and functions that this very kernel has.
 */

/** struct btf_header: magic u16, version u8, flags u8, then hdr_len, type_off, type_len, str_off, str_len as u32. */
const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_BYTES = 24;

/** The names of a kernel. */
export interface KernelNames {
  /** Whether a type, member, enumerator or function has exactly this name. */
  has(name: string): boolean;
  /** Names that begin with `prefix`, in the order of the section, each once. */
  startingWith(prefix: string): readonly string[];
}

/** Names of a BTF file; undefined when the bytes are no BTF of this machine's byte order, or cut off. */
export function kernelNames(bytes: Uint8Array): KernelNames | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0, true) !== MAGIC) return undefined;
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  const end = start + view.getUint32(20, true);
  if (end > bytes.length || start > end) return undefined;
  return new NameSection(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
}

/** A BTF file that holds just the names `keep` matches, undefined for bytes that are no BTF file. */
export function withNames(bytes: Uint8Array, keep: RegExp): Uint8Array | undefined {
  const kept = kernelNames(bytes)
    ?.startingWith('')
    .filter((name) => keep.test(name));
  return kept && namesFile(kept);
}

/** A BTF file of names alone. */
export function namesFile(names: readonly string[]): Uint8Array {
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`, 'latin1');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16LE(MAGIC, 0);
  header.writeUInt8(VERSION, 2);
  header.writeUInt32LE(HEADER_BYTES, 4);
  header.writeUInt32LE(strings.length, 20);
  return Buffer.concat([header, strings]);
}

/** Names one after the other, each ended by a zero byte; the first is empty. */
class NameSection implements KernelNames {
  readonly #section: Buffer;

  constructor(section: Buffer) {
    this.#section = section;
  }

  has(name: string): boolean {
    return this.#section.includes(`\0${name}\0`, 0, 'latin1');
  }

  startingWith(prefix: string): readonly string[] {
    const names = new Set<string>();
    const wanted = Buffer.from(`\0${prefix}`, 'latin1');
    for (let at = this.#section.indexOf(wanted); at >= 0; at = this.#section.indexOf(wanted, at + 1)) {
      const end = this.#section.indexOf(0, at + 1);
      // The last zero byte ends a name and begins none.
      if (end > at + 1) names.add(this.#section.toString('latin1', at + 1, end));
    }
    return [...names];
  }
}
