/** The loop of assembly/samples, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;
