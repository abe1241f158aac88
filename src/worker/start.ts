/**
 * Starts a worker of the engine under the page's own policy. A worker loaded by its address takes its content security
 * policy from its own response, so on a host that sends no headers the page's meta tag would not bind it; one that starts
 * from a blob inherits what binds the page. The blob holds one line: the import of the engine by its full address.
 *
 * Source: https://www.w3.org/TR/CSP3/, "Policy Inheritance" of local schemes
 */
import engineUrl from './engine.ts?worker&url';

export function startWorker(name: 'files' | 'scoring' | 'proof' | 'disk'): Worker {
  const engine = new URL(engineUrl, import.meta.url).href;
  const line = new Blob([`import ${JSON.stringify(engine)};`], { type: 'text/javascript' });
  const address = URL.createObjectURL(line);
  const worker = new Worker(address, { type: 'module', name });
  // not at once: not every browser has read the blob by then
  const revoke = (): void => URL.revokeObjectURL(address);
  worker.addEventListener('message', revoke, { once: true });
  worker.addEventListener('error', revoke, { once: true });
  return worker;
}
