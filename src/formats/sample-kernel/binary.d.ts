/** The kernel of assembly/, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;
