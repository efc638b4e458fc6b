/** Names of capabilities by bit (include/uapi/linux/capability.h). */
const NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

/** Names (`CAP_SYS_NICE`) of the bits of a hexadecimal mask as in /proc/PID/status; none for text that is no mask. */
export function capabilityNames(mask: string): readonly string[] {
  if (!/^[0-9a-f]{1,16}$/i.test(mask)) return [];
  const bits = BigInt(`0x${mask}`);
  return NAMES.filter((_, bit) => (bits >> BigInt(bit)) & 1n).map((name) => `CAP_${name}`);
}

/** The reverse: bits of capabilities by name. What is no name of one has no bit. */
export function capabilityBits(names: readonly string[]): bigint {
  return NAMES.reduce(
    (bits, name, bit) => (names.includes(`CAP_${name}`) ? bits | (1n << BigInt(bit)) : bits),
    0n,
  );
}
