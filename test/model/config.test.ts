import { describe, expect, test } from 'vitest';
import { checkQuantisation, Config, readConfig } from '../../src/model/config.ts';
import { refusal, sourceOf } from './models.ts';

const config = (fields: Record<string, unknown>) => new Config(fields, 'tiny/config.json');

describe('readConfig', () => {
  test('reads the model type and the class that saved the model', async () => {
    const source = sourceOf({ 'config.json': { model_type: 'bert', architectures: ['BertModel'] } });
    expect(await readConfig(source)).toMatchObject({ modelType: 'bert', architecture: 'BertModel' });
  });

  test('takes a configuration without a model type, which can still be mixed', async () => {
    expect((await readConfig(sourceOf({ 'config.json': {} }))).modelType).toBe('');
  });

  test('refuses a model without one', async () => {
    expect(await refusal(() => readConfig(sourceOf({})))).toEqual(['config-missing', { model: 'tiny' }]);
  });

  test('refuses a model type that is not a name', async () => {
    expect(await refusal(() => readConfig(sourceOf({ 'config.json': { model_type: 3 } })))).toEqual([
      'config-field-invalid',
      { file: 'tiny/config.json', field: 'model_type', why: '3 is not a string' },
    ]);
  });
});

describe('Config', () => {
  test('reads each type by name', () => {
    const settings = config({ layers: 2, eps: 1e-12, act: 'gelu', tied: false });
    expect(settings.integer('layers')).toBe(2);
    expect(settings.number('eps')).toBe(1e-12);
    expect(settings.string('act')).toBe('gelu');
    expect(settings.boolean('tied')).toBe(false);
  });

  test('takes the default for a field that is absent or null', () => {
    expect(config({}).integer('type_vocab_size', 2)).toBe(2);
    expect(config({ type_vocab_size: null }).integer('type_vocab_size', 2)).toBe(2);
  });

  test('finds no field in the prototype of an object', () => {
    expect(config({}).raw('constructor')).toBeUndefined();
  });

  test.each([
    ['integer', { field: 2.5 }, '2.5 is not a whole number'],
    ['integer', { field: '2' }, '"2" is not a whole number'],
    ['integer', {}, 'it is missing'],
    ['number', { field: '1e-12' }, '"1e-12" is not a number'],
    ['string', { field: ['gelu'] }, '["gelu"] is not a string'],
    ['boolean', { field: 'false' }, '"false" is not true or false'],
  ] as const)('refuses as %s the field in %o', async (type, fields, why) => {
    expect(await refusal(() => config(fields)[type]('field'))).toEqual([
      'config-field-invalid',
      { file: 'tiny/config.json', field: 'field', why },
    ]);
  });
});

describe('checkQuantisation', () => {
  test('refuses a quantised model', async () => {
    const quantised = config({ quantization_config: { quant_method: 'gptq' } });
    expect(await refusal(() => checkQuantisation(quantised, 'tiny'))).toEqual([
      'config-unsupported',
      { model: 'tiny', field: 'quantization_config', value: '{"quant_method":"gptq"}' },
    ]);
  });

  test('passes any other', () => {
    expect(() => checkQuantisation(config({}), 'tiny')).not.toThrow();
  });
});
