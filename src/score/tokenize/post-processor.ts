/**
 * What stands around one text, or two, and of which type each token is: the post-processor of tokenizer.json. Every kind of
 * it comes to two templates.
 *
 * Source: https://github.com/huggingface/tokenizers, processors.
 */
import { isObject, ownField, type JsonObject } from '../../model/json-file.ts';
import { readIndex, readText, show, toList, toObject } from './fields.ts';

/** The first text, the second, or ids that are the same for every text. */
type Part =
  | { readonly is: 'first' | 'second'; readonly type: number }
  | { readonly is: 'special'; readonly ids: readonly number[]; readonly type: number };

export type Template = readonly Part[];

export interface Templates {
  readonly single: Template;
  readonly pair: Template;
}

const bare: Templates = {
  single: [{ is: 'first', type: 0 }],
  pair: [
    { is: 'first', type: 0 },
    { is: 'second', type: 1 },
  ],
};

export function parsePostProcessor(value: unknown): Templates {
  if (value === null || value === undefined) return bare;
  const settings = toObject(value);
  const { type } = settings;
  switch (type) {
    // it only shifts offsets
    case 'ByteLevel':
      return bare;
    case 'TemplateProcessing':
      return parseTemplates(settings);
    case 'BertProcessing':
      return bertTemplates(settings, 1);
    case 'RobertaProcessing':
      return bertTemplates(settings, 0);
    case 'Sequence': {
      const found = toList(settings['processors'])
        .map(parsePostProcessor)
        .filter((templates) => templates !== bare);
      const [templates = bare, second] = found;
      if (second) throw new TypeError('its post-processor adds tokens twice');
      return templates;
    }
    default:
      throw new TypeError(`its post-processor is of type ${show(type)}`);
  }
}

/** BERT and RoBERTa before templates: the second text of BERT is of type 1; RoBERTa puts two separators between, all of type 0. */
function bertTemplates(settings: JsonObject, secondType: 0 | 1): Templates {
  const [start, end] = ['cls', 'sep'].map((field) => {
    const id = toList(settings[field])[1];
    return readIndex({ [field]: id }, field);
  }) as [number, number];
  const special = (id: number, type: number): Part => ({ is: 'special', ids: [id], type });
  const single: Template = [special(start, 0), { is: 'first', type: 0 }, special(end, 0)];
  const second: Template = [{ is: 'second', type: secondType }, special(end, secondType)];
  return { single, pair: [...single, ...(secondType === 0 ? [special(end, 0)] : []), ...second] };
}

function parseTemplates(settings: JsonObject): Templates {
  const tokens = toObject(settings['special_tokens']);
  const parse = (field: string): Template => {
    const parts = settings[field];
    const list = typeof parts === 'string' ? parts.split(' ') : toList(parts);
    return list.map((part) =>
      typeof part === 'string' ? parseShort(part, tokens) : parsePart(part, tokens),
    );
  };
  return { single: parse('single'), pair: parse('pair') };
}

function parsePart(value: unknown, tokens: JsonObject): Part {
  const [text, special] = ['Sequence', 'SpecialToken'].map((kind) => ownField(toObject(value), kind));
  if (isObject(text)) {
    return { is: readText(text, 'id') === 'B' ? 'second' : 'first', type: readIndex(text, 'type_id') };
  }
  if (isObject(special)) return toSpecial(readText(special, 'id'), readIndex(special, 'type_id'), tokens);
  throw new TypeError(`a part of its post-processor is ${show(value)}`);
}

/** `$A`, `$B:1`, `$0` (a type), `[CLS]:0`. */
function parseShort(text: string, tokens: JsonObject): Part {
  const [, name = '', type = '0'] = /^(.*?)(?::(\d+))?$/su.exec(text) ?? [];
  const which = /^\$([aAbB]|\d*)$/.exec(name)?.[1];
  if (which === undefined) return toSpecial(name, Number(type), tokens);
  return /^\d+$/.test(which)
    ? { is: 'first', type: Number(which) }
    : { is: /[bB]/.test(which) ? 'second' : 'first', type: Number(type) };
}

function toSpecial(name: string, type: number, tokens: JsonObject): Part {
  const ids = toList(toObject(ownField(tokens, name))['ids']);
  if (ids.length === 0) throw new TypeError(`its post-processor does not say what ${name} is`);
  return { is: 'special', ids: ids.map((id) => readIndex({ id }, 'id')), type };
}

/** How many tokens a template adds. */
export function addedCount(template: Template): number {
  return template.reduce((count, part) => count + (part.is === 'special' ? part.ids.length : 0), 0);
}

/** @returns ids and types, (seq,) each */
export function fillTemplate(
  template: Template,
  first: readonly number[],
  second: readonly number[],
): { readonly ids: readonly number[]; readonly types: readonly number[] } {
  const parts = template.map((part) => ({
    type: part.type,
    ids: part.is === 'special' ? part.ids : part.is === 'first' ? first : second,
  }));
  return {
    ids: parts.flatMap(({ ids }) => ids),
    types: parts.flatMap(({ ids, type }) => ids.map(() => type)),
  };
}
