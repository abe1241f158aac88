/**
 * Errors on the wire: Comlink keeps only an error's name, message and stack, so a KnownError would lose its code
 * and facts on the way to the page. Both sides call it before the first message.
 */
import { transferHandlers, type TransferHandler } from 'comlink';
import { KnownError, type ErrorCode, type FactsOf } from '../errors.ts';

interface Thrown {
  readonly value: unknown;
}

type Wire =
  | { readonly code: ErrorCode; readonly facts: FactsOf[ErrorCode] }
  | { readonly name: string; readonly message: string; readonly stack: string | undefined };

const plain = transferHandlers.get('throw') as TransferHandler<Thrown, unknown>;

const handler: TransferHandler<Thrown, Wire> = {
  canHandle: plain.canHandle,
  serialize({ value }) {
    if (value instanceof KnownError)
      return [{ code: value.code, facts: value.facts as FactsOf[ErrorCode] }, []];
    const error = value instanceof Error || value instanceof DOMException ? value : new Error(String(value));
    return [{ name: error.name, message: error.message, stack: error.stack }, []];
  },
  deserialize(wire) {
    if ('code' in wire) throw new KnownError(wire.code, wire.facts);
    // an abort keeps its class: callers tell it by name
    if (wire.name === 'AbortError') throw new DOMException(wire.message, wire.name);
    throw Object.assign(new Error(wire.message), { name: wire.name, stack: wire.stack });
  },
};

/** Called, not only imported: a bundler may drop a module that is imported for its effects alone. */
export function carryKnownErrors(): void {
  transferHandlers.set('throw', handler);
}
