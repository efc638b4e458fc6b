/** The loop of assembly/parquet, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;
