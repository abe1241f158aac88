/** What the browser says about this page's storage. The page's own thread only: workers cannot ask to keep it. */

export interface Room {
  /** What the page takes, other kinds of storage included. */
  readonly usedBytes: number;
  /**
   * A hint, no promise: Chromium states 10 GB more than what is used, however large the disk is, and others state a
   * share of the disk that others may fill. A full disk is found by writing.
   */
  readonly freeBytes: number;
  /** The browser does not clear it by itself when room runs short. */
  readonly persisted: boolean;
}

/** Browsers without storage, or that hide it, lack all of these. */
function storageOf(): Partial<StorageManager> {
  return (navigator as { readonly storage?: Partial<StorageManager> }).storage ?? {};
}

export async function readRoom(): Promise<Room | undefined> {
  const storage = storageOf();
  try {
    const { usage, quota } = (await storage.estimate?.()) ?? {};
    if (usage === undefined || quota === undefined) return undefined;
    const persisted = (await storage.persisted?.()) ?? false;
    return { usedBytes: usage, freeBytes: Math.max(0, quota - usage), persisted };
  } catch {
    // it is a hint: without it nothing is missing
    return undefined;
  }
}

let asked = false;

/** Asks the browser once a visit not to clear what is kept; some ask the person. What came of it is in `readRoom`. */
export function askToKeep(): void {
  if (asked) return;
  asked = true;
  void storageOf()
    .persist?.()
    .catch(() => undefined);
}
