/** What this very kernel was built with, from files that it serves or that came with it. */
import { gunzipSync } from 'node:zlib';
import { type KernelNames, kernelNames } from '../../formats/btf.js';
import type { Files } from '../host.js';
import { TYPE_INFORMATION } from '../recording/paths.js';

/** The kernel's own type information; undefined when it was built without (CONFIG_DEBUG_INFO_BTF). */
export function namesOfKernel(files: Files): KernelNames | undefined {
  const read = files.readBytes(TYPE_INFORMATION);
  return read.ok ? kernelNames(read.value) : undefined;
}

/** The configuration that the kernel was built with. */
export interface KernelConfiguration {
  /** Where it was read. */
  readonly path: string;
  /** `y`, `m`, a value, or undefined for what is not set. */
  option(name: string): string | undefined;
}

/** /proc/config.gz, or the file that distributions put beside the kernel image. */
export function configurationOfKernel(files: Files, release: string): KernelConfiguration | undefined {
  const packed = files.readBytes('/proc/config.gz');
  const text = packed.ok ? unpacked(packed.value) : undefined;
  if (text !== undefined) return { path: '/proc/config.gz', option: (name) => optionOf(text, name) };
  for (const path of [`/boot/config-${release}`, `/lib/modules/${release}/config`]) {
    const read = files.readText(path);
    if (read.ok) return { path, option: (name) => optionOf(read.value, name) };
  }
  return undefined;
}

function unpacked(bytes: Uint8Array): string | undefined {
  try {
    return gunzipSync(bytes).toString('latin1');
  } catch {
    return undefined;
  }
}

function optionOf(text: string, name: string): string | undefined {
  return new RegExp(`^CONFIG_${name}=(.*)$`, 'm').exec(text)?.[1];
}
