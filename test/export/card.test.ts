import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkCard } from '../../src/export/card-check.ts';
import { printCard, printFloat32, type CardFacts, type CardModel } from '../../src/export/card.ts';

/** Nothing but what a test says. */
const unstated = { loss: undefined, licenceLink: undefined, languages: [] } as const;

const base: CardModel = {
  name: 'org/base',
  weight: Math.fround(0.7),
  hub: { id: 'org/base', commit: 'c'.repeat(40) },
  identity: undefined,
  licence: 'apache-2.0',
  ...unstated,
};
const tuned: CardModel = {
  name: 'tuned',
  weight: Math.fround(0.3),
  hub: undefined,
  identity: 'sha256 00ff',
  licence: 'apache-2.0',
  ...unstated,
};

const facts: CardFacts = {
  name: 'base + tuned',
  folder: 'base-tuned',
  models: [base, tuned],
  scoring: { definition: 'own', temperature: 0.5, exampleCount: 5 },
  alpha: undefined,
  task: 'encoder',
  embedding: { pooling: 'mean', dense: [], normalised: true, prompts: { query: '', document: '' } },
  dtype: 'F32',
  inputs: 'kept',
  files: [{ path: 'model.safetensors', sha256: 'ab'.repeat(32) }],
  link: undefined,
};

function frontMatter(card: string): string {
  return card.split('---\n')[1]!;
}

describe('printCard', () => {
  test('starts with front matter that the Hub accepts', () => {
    expect(frontMatter(printCard(facts))).toBe(`license: apache-2.0
library_name: sentence-transformers
pipeline_tag: sentence-similarity
base_model:
  - "org/base"
base_model_relation: merge
tags:
  - merge
  - lm-cocktail
  - shaker
`);
  });

  test('names the hash of every file of the checkpoint, each on its line', () => {
    const files = [
      { path: 'model-00001-of-00002.safetensors', sha256: 'ab'.repeat(32) },
      { path: 'model-00002-of-00002.safetensors', sha256: 'cd'.repeat(32) },
    ];
    const lines = files.map(({ path, sha256 }) => `SHA-256 of \`${path}\`: \`${sha256}\``);
    expect(printCard({ ...facts, files })).toContain(`\n\n${lines.join('  \n')}\n\n`);
  });

  test('names every model with what pins it, its licence and its exact weight', () => {
    expect(printCard(facts)).toContain(`| model | version | licence | weight |
| --- | --- | --- | --- |
| org/base | org/base at ${'c'.repeat(40)} | apache-2.0 | 0.7 |
| tuned | sha256 00ff | apache-2.0 | 0.3 |
`);
  });

  test.each([
    ['F32', 'All floating-point values are stored as float32.'],
    ['F16', 'stored as float16.'],
    ['BF16', 'stored as bfloat16.'],
    ['as-model-1', 'the dtype in which the first model stores the tensor'],
  ] as const)('says of %s what the values are stored as, and that they are rounded once', (dtype, said) => {
    const card = printCard({ ...facts, dtype });
    expect(card).toContain(said);
    expect(card.includes('rounded once')).toBe(dtype !== 'F32');
  });
  test('says where the values were not compared with the hashes of the Hub', () => {
    const sentence = 'the files were not compared with the hashes that the Hub states for them.';
    expect(printCard(facts)).not.toContain(sentence);
    expect(printCard({ ...facts, inputs: 'straight' })).toContain(sentence);
  });

  test('states the losses where the models were scored', () => {
    const scored = [
      { ...base, loss: 0.123456789 },
      { ...tuned, loss: 2 },
    ];
    expect(printCard({ ...facts, models: scored }))
      .toContain(`| model | version | licence | loss (nats) | weight |
| --- | --- | --- | --- | --- |
| org/base | org/base at ${'c'.repeat(40)} | apache-2.0 | 0.123457 | 0.7 |
| tuned | sha256 00ff | apache-2.0 | 2 | 0.3 |
`);
  });

  test('states languages only where all models state the same', () => {
    const english = [
      { ...base, languages: ['en', 'ZH'] },
      { ...tuned, languages: ['zh', 'en'] },
    ];
    expect(frontMatter(printCard({ ...facts, models: english }))).toContain(
      'language:\n  - "en"\n  - "zh"\n',
    );
    expect(frontMatter(printCard({ ...facts, models: [english[0]!, tuned] }))).not.toContain('language');
  });

  test('names recipe.json, and the link where there is one', () => {
    expect(printCard(facts)).toContain('Drop `recipe.json`');
    expect(printCard(facts)).not.toContain("recipe's link");
    const link = 'https://shaker.example/#recipe=1&m=a/b@c';
    expect(printCard({ ...facts, link })).toContain(`[the recipe's link](<${link}>)`);
  });

  test('is a card that the Hub and its Python client take', () => {
    expect(() => checkCard(printCard(facts))).not.toThrow();
    expect(() => checkCard(printCard({ ...facts, models: [tuned], embedding: undefined }))).not.toThrow();
    expect(parse(frontMatter(printCard(facts)))).toEqual({
      license: 'apache-2.0',
      library_name: 'sentence-transformers',
      pipeline_tag: 'sentence-similarity',
      base_model: ['org/base'],
      base_model_relation: 'merge',
      tags: ['merge', 'lm-cocktail', 'shaker'],
    });
  });

  test('stays one that they take, whatever strangers wrote', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    const model = fc.record({
      name: text,
      licence: fc.option(text, { nil: undefined }),
      licenceLink: fc.constantFrom(undefined, 'https://a.example/"x"', 'https://b.example/: #'),
      languages: fc.array(
        text.filter((code) => code !== ''),
        { maxLength: 2 },
      ),
      hub: fc.option(fc.record({ id: text.filter((id) => id !== ''), commit: text }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(model, { minLength: 1, maxLength: 3 }), (strange) => {
        const card = printCard({ ...facts, models: strange.map((own) => ({ ...base, ...own })) });
        expect(() => checkCard(card)).not.toThrow();
        const { base_model: ids = [] } = parse(frontMatter(card)) as { base_model?: string[] };
        expect(ids).toEqual([...new Set(strange.flatMap(({ hub }) => (hub === undefined ? [] : [hub.id])))]);
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  test('says where the weights come from', () => {
    expect(printCard(facts)).toContain(
      "softmax(-loss / 0.5) of the models' contrastive losses on 5 examples",
    );
    expect(printCard({ ...facts, scoring: undefined })).toContain('The weights were set by hand.');
  });

  test('says which model alpha is the weight of, and what the others share by', () => {
    const alpha = { model: 'org/tuned', alpha: 0.75 };
    const fromLosses = printCard({ ...facts, alpha });
    expect(fromLosses).toContain('The weight of org/tuned, the fine-tuned model, is alpha = 0.75;');
    expect(fromLosses).toContain('Those shares are softmax(-loss / 0.5)');
    const two = printCard({ ...facts, alpha, scoring: undefined });
    expect(two).toContain('is alpha = 0.75;');
    expect(two).not.toMatch(/by hand|softmax/);
  });

  test('says how to load it, with its prompts', () => {
    const prompts = { query: 'say "it": ', document: '' };
    const embedding = { pooling: 'mean', dense: [], normalised: true, prompts };
    const card = printCard({ ...facts, embedding });
    expect(card).toContain('model = SentenceTransformer("base-tuned")');
    expect(card).toContain('model.encode(["a question"], prompt="say \\"it\\": ")');
    expect(card).not.toContain('an answer');
    expect(card).toContain('AutoModel.from_pretrained("base-tuned")');
    expect(card).toContain('the mean pooling of the last hidden state, scaled to length 1');
  });

  test('says that a vector comes through Dense modules, which transformers does not load', () => {
    const embedding = { ...facts.embedding!, dense: ['2_Dense', '3_Dense'] };
    expect(printCard({ ...facts, embedding })).toContain(
      'last hidden state, passed through the Dense modules in `2_Dense`, `3_Dense`, scaled to length 1',
    );
  });

  test('states no embedding library for a model that makes no embeddings', () => {
    const card = printCard({ ...facts, task: undefined, embedding: undefined });
    expect(card).not.toContain('sentence');
    expect(card).toContain('AutoModel');
  });

  test.each([
    [
      'decoder',
      'AutoModelForCausalLM',
      'text-generation',
      'language-modelling losses on 5 examples (cross-entropy',
    ],
    ['encoder-decoder', 'AutoModelForSeq2SeqLM', undefined, 'language-modelling losses'],
    ['reranker', 'AutoModelForSequenceClassification', 'text-ranking', "of the positive's score"],
  ] as const)('says of a %s how to load it, and what a loss was', (task, loader, tag, loss) => {
    const scoring = { task, definition: 'own', temperature: 1, exampleCount: 5 } as const;
    const card = printCard({ ...facts, task, scoring, embedding: undefined });
    expect(card).toContain(`model = ${loader}.from_pretrained(`);
    expect(card).toContain(loss);
    expect(card).not.toMatch(/sentence|cosine|pooling|contrastive/);
    expect(parse(frontMatter(card))).toMatchObject({ library_name: 'transformers' });
    expect((parse(frontMatter(card)) as Record<string, unknown>)['pipeline_tag']).toBe(tag);
    expect(() => checkCard(card)).not.toThrow();
  });

  test('leaves base_model out when no model is from the Hub', () => {
    expect(frontMatter(printCard({ ...facts, models: [tuned] }))).not.toContain('base_model');
  });

  test('names a model that is mixed with itself once', () => {
    expect(frontMatter(printCard({ ...facts, models: [base, base] })).match(/org\/base/g)).toHaveLength(1);
  });

  test.each([
    ['differ', ['mit', 'apache-2.0'], 'do not state one common licence'],
    ['are partly unknown', ['mit', undefined], 'do not state one common licence'],
    ['are unknown', [undefined, undefined], 'Unknown: no model above states a licence'],
    ['are other ones each time', ['other', 'other'], 'do not state one common licence'],
  ])('states no licence when the models’ licences %s', (_, licences, sentence) => {
    const card = printCard({ ...facts, models: licences.map((licence) => ({ ...base, licence })) });
    expect(frontMatter(card)).not.toContain('license');
    expect(card).toContain(sentence);
  });

  test('names who states which licence where they differ, and who forbids changed versions', () => {
    const models = [
      { ...base, licence: 'mit' },
      { ...tuned, licence: 'cc-by-nc-nd-4.0' },
      { ...tuned, name: 'third', licence: undefined },
    ];
    const card = printCard({ ...facts, models });
    expect(card).toContain('* mit: org/base\n* cc-by-nc-nd-4.0: tuned\n* unknown: third\n');
    expect(card).toContain(
      'tuned is under cc-by-nc-nd-4.0, which does not allow changed versions to be shared.',
    );
  });

  test('links to the terms of a licence without a name on the Hub, where all models link to the same', () => {
    const own = { licence: 'own-terms', licenceLink: 'https://a.example/terms' };
    const both = {
      ...facts,
      models: [
        { ...base, ...own },
        { ...tuned, ...own },
      ],
    };
    expect(frontMatter(printCard(both))).toContain('license_link: "https://a.example/terms"\n');
    const one = {
      ...facts,
      models: [
        { ...base, ...own },
        { ...tuned, licence: 'own-terms' },
      ],
    };
    expect(frontMatter(printCard(one))).not.toContain('license_link');
  });

  test('states a licence that the Hub has no name for as another one, by its name', () => {
    const card = printCard({ ...facts, models: [{ ...base, licence: 'Our-Own' }] });
    expect(frontMatter(card)).toContain('license: other\nlicense_name: "our-own"\n');
  });

  test('shows an unknown licence and version as such', () => {
    const unknown = { ...tuned, identity: undefined, licence: undefined };
    expect(printCard({ ...facts, models: [base, unknown] })).toContain(
      '| tuned | not known | unknown | 0.3 |',
    );
  });

  test.each([
    ['a table cell', 'a | b', 'a \\| b'],
    ['a new row', 'a |\n| b', 'a \\| \\| b'],
    ['a heading', 'a\n\n# b', 'a \\# b'],
    ['html', '<script>x</script>', '\\<script\\>x\\</script\\>'],
    ['code', '`x`', '\\`x\\`'],
    ['a link', '[x](https://y)', '\\[x\\]\\(https\\://y\\)'],
    ['an address', 'www.y', 'www\\.y'],
    ['text that runs backwards', 'a\u202Eb', 'a b'],
    ['an escape', '\\|', '\\\\\\|'],
  ])('keeps %s in a name as text', (_, name, shown) => {
    const card = printCard({ ...facts, name, models: [{ ...tuned, name }] });
    expect(card).toContain(`\n# ${shown}\n`);
    expect(card).toContain(`| ${shown} | sha256 00ff |`);
  });

  test('keeps a licence and an id inside their quotes', () => {
    const licence = 'mit"\nx: 1\u2028';
    const card = printCard({
      ...facts,
      models: [{ ...base, licence, hub: { id: 'a: "b"\n---', commit: 'c' } }],
    });
    expect(frontMatter(card)).toContain('license: other\nlicense_name: "mit\\"\\nx: 1"\n');
    expect(frontMatter(card)).toContain('  - "a: \\"b\\"\\n---"\n');
  });
});

describe('printFloat32', () => {
  test.each([
    [Math.fround(0.1), '0.1'],
    [0.3333333432674408, '0.33333334'],
    [0.38358592987060547, '0.38358593'],
    [Math.fround(-0.5), '-0.5'],
    [1, '1'],
    [0, '0'],
    [3.1380803837983414e-17, '3.1380804e-17'],
  ])('prints %s as %s', (value, text) => {
    expect(printFloat32(value)).toBe(text);
  });

  test('prints what is the same float32 again, for every float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(printFloat32(value)))).toBe(value + 0);
      }),
    );
  });
});
