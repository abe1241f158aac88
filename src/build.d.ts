/** Origin of the Hub, fixed when the app is built (vite.config.ts). */
declare const __HUB__: string;

/** Made of src/tensor/assembly by vite.kernels.ts. */
declare module 'virtual:kernels' {
  /** A WebAssembly module. */
  export const kernelsBase64: string;
}

declare module 'virtual:languages' {
  /** Has the sentences of a language ready (vite.languages.ts). */
  export function readLanguage(locale: string): Promise<void>;
  /** By name, the messages whose name begins with `error_`. */
  export const failures: unknown;
}
