/** The loop of assembly/heat, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;
