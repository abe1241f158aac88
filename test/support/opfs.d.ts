/**
 * The part of the workers' library that the page's lacks: tests run on the page's, and import code of workers.
 * Both libraries in one program would contradict each other.
 */
interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}

declare const FileSystemSyncAccessHandle: { readonly prototype: FileSystemSyncAccessHandle };

interface FileSystemSyncAccessHandle {
  close(): void;
  flush(): void;
  getSize(): number;
  read(buffer: AllowSharedBufferSource, options?: { at?: number }): number;
  truncate(newSize: number): void;
  write(buffer: AllowSharedBufferSource, options?: { at?: number }): number;
}
