import type { Rows } from '../test/conformance/scenario.js';

/** Everything a guest says through its results port, one JSON object a line. */
export type GuestMessage =
  | { readonly kind: 'ready'; readonly release: string; readonly uptimeSeconds: number }
  | { readonly kind: 'start'; readonly scenario: string }
  | { readonly kind: 'note'; readonly scenario: string; readonly text: string }
  | {
      readonly kind: 'rows';
      readonly scenario: string;
      readonly rows: Rows;
      readonly seconds: number;
    }
  | { readonly kind: 'failed'; readonly scenario: string; readonly problem: string; readonly seconds: number }
  | { readonly kind: 'end'; readonly uptimeSeconds: number };
