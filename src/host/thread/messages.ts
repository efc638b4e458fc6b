/** What the main thread and the command's thread tell each other. */

/** What is to be known of a standard stream without having it. */
export interface StreamFacts {
  readonly isTTY: boolean;
  /** Undefined for what is no terminal. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

/** What the main thread gives the command's thread at its start. */
export interface ThreadStart {
  /** Words of SharedState. */
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly commandLine: readonly string[];
  /** Folder of a recording that stands in for this machine. */
  readonly recording: string | undefined;
  readonly out: StreamFacts;
  readonly err: StreamFacts;
  /** Whether standard input is a terminal. */
  readonly hasKeys: boolean;
  /** COLUMNS, the locale and wishes about colour. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Messages to the main thread. */
export type FromCommand =
  | { readonly kind: 'out' | 'err'; readonly text: string | Uint8Array }
  /** A lock file is about to be made, or is gone. */
  | { readonly kind: 'lock'; readonly path: string; readonly held: boolean }
  /** From now on SIGHUP is a wish to read something again. */
  | { readonly kind: 'reloads' }
  /** The next piece of standard input, please. */
  | { readonly kind: 'read' }
  /** The whole screen, and keys as they are typed; or no longer. */
  | { readonly kind: 'screen'; readonly taken: boolean }
  | { readonly kind: 'ended'; readonly exitCode: number };

/** Messages to the command's thread. */
export type ToCommand =
  /** A reason to stop was raised. */
  | { readonly kind: 'stop' }
  /** The terminal has another size. */
  | { readonly kind: 'size'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'reload' }
  /** Standard input as it came; undefined at its end. */
  | { readonly kind: 'input'; readonly bytes: Uint8Array | undefined };
