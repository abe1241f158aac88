/** Empties what the app keeps in this browser's private file system, between tests. */
import { vi } from 'vitest';

export async function clearStorage(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.getDirectoryHandle('shaker-1', { create: true });
  // what a worker had open is given back soon after its end, not at once
  await vi.waitFor(() => root.removeEntry('shaker-1', { recursive: true }), { timeout: 10_000 });
}
