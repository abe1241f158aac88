/** The browser's own dialog for a folder to write in, where it has one (Chromium; not Firefox, not Safari). */

/** Not yet in TypeScript's library. Source: https://wicg.github.io/file-system-access/#api-showdirectorypicker */
interface Picking {
  showDirectoryPicker?(options: {
    readonly id: string;
    readonly mode: 'readwrite';
    readonly startIn: 'downloads';
  }): Promise<FileSystemDirectoryHandle>;
}

function page(): Picking {
  return globalThis as Picking;
}

export function canPickFolder(): boolean {
  return page().showDirectoryPicker !== undefined;
}

/** Asks for a folder, and for leave to write in it. Only in answer to a click. `undefined` when the person thinks better of it. */
export async function pickFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    return await page().showDirectoryPicker?.({ id: 'shaker', mode: 'readwrite', startIn: 'downloads' });
  } catch (error) {
    if ((error as Error).name === 'AbortError') return undefined;
    throw error;
  }
}
