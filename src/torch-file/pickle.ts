/**
 * A machine for pickles of tensors, which executes nothing: it knows 31 opcodes, all of which only move or group
 * values; calls and names are for globals.ts, which knows a few and makes views of storages of them.
 *
 * Any other opcode is refused by its number. The list is the one of `torch.load(weights_only=True)`, but for sets,
 * objects and Python 2's strings, which no checkpoint of tensors needs; so are the rules of the stack: what is
 * pushed after a mark cannot reach below it.
 *
 * Source: Python, Lib/pickletools.py; https://github.com/pytorch/pytorch, torch/_weights_only_unpickler.py
 */
import { KnownError } from '../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { isAllowed, readStorage, reduce } from './globals.ts';
import { Misuse } from './misuse.ts';
import { opcodes } from './opcodes.ts';
import { nameKind, type Dict, type RawTensor, type Storage, type Value } from './values.ts';

/**
 * Groups, storages and tensors made; a state dict makes ten for each of its tensors, so this is 20,000 tensors. At up
 * to 200 bytes each they stay under 40 MB, whatever the pickle says.
 */
const madeLimit = 200_000;

/** Values pushed, 8 bytes each; a state dict pushes 30 for each of its tensors. */
const pushLimit = 1_000_000;

/** Of a key, in a message. */
const shownLetters = 80;

/** Marks open at once; a state dict opens four. */
const depthLimit = 64;

export interface Unpickled {
  readonly value: Value;
  /** Every tensor made, whether or not it is part of the value. */
  readonly tensors: readonly RawTensor[];
  /** By key. */
  readonly storages: ReadonlyMap<string, Storage>;
}

/** Throws `torch-opcode`, `torch-global`, and `torch-pickle-damaged` for anything that does not hold together. */
export function unpickle(pickle: Uint8Array, file: string): Unpickled {
  const machine = new Machine(pickle, file);
  try {
    const value = machine.run();
    return { value, tensors: machine.tensors, storages: machine.storages };
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    throw new KnownError(
      'torch-pickle-damaged',
      { file, at: machine.at, why: error.message },
      { cause: error },
    );
  }
}

class Machine {
  readonly tensors: RawTensor[] = [];
  readonly storages = new Map<string, Storage>();
  /** Where the opcode at hand is. */
  at = 0;
  readonly #file: string;
  readonly #reader: ByteReader;
  readonly #memo = new Map<number, Value>();
  /** Of the innermost mark. */
  #stack: Value[] = [];
  readonly #outer: Value[][] = [];
  #madeCount = 0;
  #pushCount = 0;

  constructor(pickle: Uint8Array, file: string) {
    this.#reader = new ByteReader(pickle);
    this.#file = file;
  }

  run(): Value {
    if (this.#reader.byte() !== opcodes.PROTO) throw new Misuse('it does not start as a pickle');
    const protocol = this.#reader.byte();
    // 3 adds bytes, which are refused where they stand; from 4 on pickles are framed, and PyTorch refuses them too
    if (protocol !== 2 && protocol !== 3) throw new Misuse(`it is of protocol ${protocol}`);
    for (;;) {
      this.at = this.#reader.at;
      const opcode = this.#reader.byte();
      if (opcode === opcodes.STOP) return this.#stop();
      this.#step(opcode);
    }
  }

  #stop(): Value {
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#outer.length > 0) throw new Misuse('it ends with values left over');
    if (this.#reader.left > 0) throw new Misuse('something follows its end');
    return value;
  }

  #step(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case opcodes.MARK:
        if (this.#outer.length === depthLimit) throw new Misuse('it nests too deep');
        this.#outer.push(this.#stack);
        this.#stack = [];
        return;
      case opcodes.NONE:
        return this.#push(null);
      case opcodes.NEWTRUE:
        return this.#push(true);
      case opcodes.NEWFALSE:
        return this.#push(false);
      case opcodes.BININT:
        return this.#push(reader.int32());
      case opcodes.BININT1:
        return this.#push(reader.byte());
      case opcodes.BININT2:
        return this.#push(reader.uint16());
      case opcodes.LONG1:
        return this.#push(reader.long(reader.byte()));
      case opcodes.BINFLOAT:
        return this.#push(reader.double());
      case opcodes.BINUNICODE:
        return this.#push(reader.text(reader.uint32()));
      case opcodes.EMPTY_TUPLE:
        return this.#make({ kind: 'tuple', items: [] });
      case opcodes.TUPLE1:
        return this.#group(1);
      case opcodes.TUPLE2:
        return this.#group(2);
      case opcodes.TUPLE3:
        return this.#group(3);
      case opcodes.TUPLE: {
        const items = this.#popMark();
        return this.#make({ kind: 'tuple', items });
      }
      case opcodes.EMPTY_LIST:
        return this.#make({ kind: 'list', items: [] });
      case opcodes.APPEND:
        return this.#append([this.#pop()]);
      case opcodes.APPENDS:
        return this.#append(this.#popMark());
      case opcodes.EMPTY_DICT:
        return this.#make({ kind: 'dict', ordered: false, entries: undefined });
      case opcodes.SETITEM: {
        const value = this.#pop();
        return this.#set([this.#pop(), value]);
      }
      case opcodes.SETITEMS:
        return this.#set(this.#popMark());
      case opcodes.BINPUT:
        return this.#put(reader.byte());
      case opcodes.LONG_BINPUT:
        return this.#put(reader.uint32());
      case opcodes.BINGET:
        return this.#get(reader.byte());
      case opcodes.LONG_BINGET:
        return this.#get(reader.uint32());
      case opcodes.GLOBAL:
        return this.#global();
      case opcodes.REDUCE:
        return this.#reduce();
      case opcodes.BUILD:
        return this.#build();
      case opcodes.BINPERSID:
        return this.#load();
      default:
        throw new KnownError('torch-opcode', { file: this.#file, opcode: printOpcode(opcode), at: this.at });
    }
  }

  #push(value: Value): void {
    if (++this.#pushCount > pushLimit) throw new Misuse('it has more values than any checkpoint');
    this.#stack.push(value);
  }

  /** Pushes a value that takes memory of its own. */
  #make(value: Value): void {
    if (++this.#madeCount > madeLimit) throw new Misuse('it makes more values than any checkpoint');
    this.#push(value);
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (value === undefined) throw new Misuse('it takes a value where there is none');
    return value;
  }

  #top(): Value {
    const value = this.#stack.at(-1);
    if (value === undefined) throw new Misuse('it uses a value where there is none');
    return value;
  }

  #popMark(): Value[] {
    const items = this.#stack;
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Misuse('it closes a group that was not opened');
    this.#stack = outer;
    return items;
  }

  #group(count: number): void {
    if (this.#stack.length < count) throw new Misuse('it groups values that are not there');
    this.#make({ kind: 'tuple', items: this.#stack.splice(-count) });
  }

  #append(items: readonly Value[]): void {
    const list = this.#top();
    if (typeof list !== 'object' || list?.kind !== 'list')
      throw new Misuse(`it appends to a ${nameKind(list)}`);
    for (const item of items) list.items.push(item);
  }

  /** @param items keys and values in turn */
  #set(items: readonly Value[]): void {
    const dict = this.#topDict('sets an entry of');
    if (items.length % 2 !== 0) throw new Misuse('it sets a key without a value');
    const entries = (dict.entries ??= new Map<string | number, Value>());
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key !== 'string' && typeof key !== 'number') throw new Misuse(`a key is a ${nameKind(key)}`);
      if (entries.has(key)) throw new Misuse(`it sets ${String(key).slice(0, shownLetters)} twice`);
      entries.set(key, items[i + 1]!);
    }
  }

  #topDict(does: string): Dict {
    const dict = this.#top();
    if (typeof dict === 'object' && dict?.kind === 'dict') return dict;
    throw new Misuse(`it ${does} a ${nameKind(dict)}`);
  }

  #put(index: number): void {
    if (this.#memo.size > madeLimit) throw new Misuse('it remembers more values than any checkpoint');
    this.#memo.set(index, this.#top());
  }

  #get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Misuse(`it recalls value ${index}, which it does not have`);
    this.#push(value);
  }

  #global(): void {
    const name = `${this.#reader.line()}.${this.#reader.line()}`;
    if (!isAllowed(name)) throw new KnownError('torch-global', { file: this.#file, name });
    this.#make({ kind: 'global', name });
  }

  #reduce(): void {
    const args = this.#pop();
    const value = reduce(this.#pop(), args);
    if (typeof value === 'object' && value?.kind === 'tensor') this.tensors.push(value);
    this.#make(value);
  }

  /** Attributes of an OrderedDict, `_metadata` of a state dict: nothing that a tensor needs. */
  #build(): void {
    const state = this.#pop();
    const target = this.#topDict('gives a state to');
    if (!target.ordered || typeof state !== 'object' || state?.kind !== 'dict') {
      throw new Misuse(`it gives a ${nameKind(target)} a state that is a ${nameKind(state)}`);
    }
  }

  #load(): void {
    const storage = readStorage(this.#pop());
    const known = this.storages.get(storage.key);
    if (known !== undefined && (known.dtype !== storage.dtype || known.count !== storage.count)) {
      throw new Misuse(`it describes storage ${storage.key.slice(0, shownLetters)} in two ways`);
    }
    this.storages.set(storage.key, known ?? storage);
    this.#make(known ?? storage);
  }
}

function printOpcode(opcode: number): string {
  return `0x${opcode.toString(16).padStart(2, '0')}`;
}
