/** The loop of assembly/tally, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;
