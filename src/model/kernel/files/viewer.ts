/** Who looks at the model's files: decides what is shown and what is refused. */
export interface Viewer {
  readonly userId: number;
  /** CAP_SYS_ADMIN: frame numbers in pagemap. */
  readonly seesFrames: boolean;
  /** CAP_SYS_PTRACE: other users' processes. */
  readonly mayTrace: boolean;
  /** Root of the model's file permissions. */
  readonly isRoot: boolean;
}

/** Root with all capabilities. */
export const ROOT_VIEWER: Viewer = { userId: 0, seesFrames: true, mayTrace: true, isRoot: true };
