import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/model/config.ts';
import { readTokenLimit } from '../../src/model/token-limit.ts';
import { refusal, sourceOf, type Files } from './models.ts';

async function limitOf(config: Record<string, unknown>, files: Files = {}, folder = '') {
  const source = sourceOf({ 'config.json': config, ...files });
  return readTokenLimit(source, await readConfig(source), folder);
}

const bert = { model_type: 'bert', max_position_embeddings: 512 };

describe('readTokenLimit', () => {
  test('takes what the Transformer module states', async () => {
    const files = { 'sentence_bert_config.json': { max_seq_length: 256, do_lower_case: true } };
    expect(await limitOf(bert, files)).toEqual({ maxTokens: 256, lowerCase: true });
  });

  test('looks into the folder of the module, under the names of early architectures, too', async () => {
    const files = { '0_Transformer/sentence_roberta_config.json': { max_seq_length: 100 } };
    expect((await limitOf(bert, files, '0_Transformer/')).maxTokens).toBe(100);
  });

  test('takes the smaller of the tokenizer and the position table otherwise', async () => {
    const limits = (length: number) =>
      limitOf(bert, { 'tokenizer_config.json': { model_max_length: length } });
    expect((await limits(384)).maxTokens).toBe(384);
    expect((await limits(1e30)).maxTokens).toBe(512);
    expect((await limitOf(bert, { 'sentence_bert_config.json': { max_seq_length: null } })).maxTokens).toBe(
      512,
    );
  });

  test('never goes beyond the position table', async () => {
    const files = { 'sentence_bert_config.json': { max_seq_length: 8192 } };
    expect((await limitOf(bert, files)).maxTokens).toBe(512);
  });

  test('leaves out the rows of the table before the first position', async () => {
    const roberta = { model_type: 'xlm-roberta', max_position_embeddings: 514, pad_token_id: 1 };
    expect((await limitOf(roberta)).maxTokens).toBe(512);
  });

  test.each([0, -1, 'many'])('refuses a limit of %o tokens', async (length) => {
    const files = { 'sentence_bert_config.json': { max_seq_length: length } };
    expect(await refusal(() => limitOf(bert, files))).toEqual([
      'config-field-invalid',
      {
        file: 'tiny/sentence_bert_config.json',
        field: 'max_seq_length',
        why: expect.stringContaining(String(length)) as string,
      },
    ]);
  });
});
