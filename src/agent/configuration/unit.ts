/** The systemd unit of the agent, for `octavo config unit`. */

/** Which program the unit starts, with which configuration. */
export interface UnitFacts {
  /** How octavo is started: absolute, without a shell. */
  readonly program: string;
  readonly configuration: string;
}

/**
 * What the acting side needs: to look into other users' processes (SYS_PTRACE, DAC_READ_SEARCH), frame numbers and page flags
 * (SYS_ADMIN), process_madvise and scheduling (SYS_NICE), samples and their rings (PERFMON, IPC_LOCK). The last five are only
 * for the start: they make the deciding side another user's, without any, and are given up then.
 */
export const CAPABILITIES = [
  ...[
    'CAP_SYS_ADMIN',
    'CAP_SYS_PTRACE',
    'CAP_SYS_NICE',
    'CAP_DAC_READ_SEARCH',
    'CAP_PERFMON',
    'CAP_IPC_LOCK',
  ],
  ...['CAP_CHOWN', 'CAP_FOWNER', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'],
];

/** Returns the text of octavo.service. docs/agent.md gives the reason for each line. */
export function unitText({ program, configuration }: UnitFacts): string {
  return `${[
    '# Octavo, huge pages where memory is hot. Made by `octavo config unit`; docs/agent.md argues each line.',
    '[Unit]',
    'Description=Octavo agent: huge pages where memory is hot, small pages where it is cold',
    'Documentation=https://www.kernel.org/doc/html/latest/admin-guide/mm/transhuge.html',
    'ConditionPathExists=/sys/kernel/mm/transparent_hugepage',
    'After=local-fs.target',
    'StartLimitIntervalSec=10min',
    'StartLimitBurst=5',
    '',
    '[Service]',
    'Type=notify',
    // The deciding process tells of both.
    'NotifyAccess=all',
    `ExecStart=${program} agent --config ${configuration}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    // 130: ended by SIGTERM, with everything put back.
    'SuccessExitStatus=130',
    'Restart=on-failure',
    'RestartSec=10s',
    'WatchdogSec=60s',
    'TimeoutStopSec=15s',
    'StateDirectory=octavo',
    'StateDirectoryMode=0711',
    'RuntimeDirectory=octavo',
    'RuntimeDirectoryMode=0755',
    'MemoryMax=512M',
    'MemorySwapMax=0',
    'TasksMax=64',
    'CPUWeight=20',
    'IOWeight=20',
    'OOMScoreAdjust=500',
    '',
    ...HARDENING,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`;
}

/** What it cannot get, do or see. docs/agent.md argues what stands open. */
const HARDENING: readonly string[] = [
  `CapabilityBoundingSet=${CAPABILITIES.join(' ')}`,
  'AmbientCapabilities=',
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'PrivateMounts=yes',
  'PrivateDevices=yes',
  // Metrics are on a Unix socket; a loopback port needs a drop-in with PrivateNetwork=no and AF_INET.
  'PrivateNetwork=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  // Kernel tunables are what it reads, and DAMON and debugfs what it writes.
  'ProtectKernelTunables=no',
  'ProtectControlGroups=yes',
  'ProtectProc=default',
  'RestrictAddressFamilies=AF_UNIX',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'RemoveIPC=yes',
  'KeyringMode=private',
  'IPAddressDeny=any',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service process_madvise pidfd_open perf_event_open',
  'SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap @keyring',
  // What is not allowed is refused: libuv falls back where it may not use io_uring, and nothing is killed for asking.
  'SystemCallErrorNumber=EPERM',
  'UMask=0077',
];
