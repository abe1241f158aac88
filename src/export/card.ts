/**
 * The model card: README.md with the front matter that the Hub reads. It states what the bytes depend on
 * (models, commits, exact weights, method, dtype) and how to load the result; never the examples, which are
 * private text.
 *
 * Source of the front matter: https://huggingface.co/docs/hub/model-cards
 */
import type { Task } from '../graph/graph.ts';
import type { OutputDtype } from '../merge/plan.ts';
import { toMarkdown, toQuoted } from './escape.ts';
import { licenceLines, licenceText } from './licence.ts';

export interface CardModel {
  readonly name: string;
  /** Mixing weight, rounded to float32. */
  readonly weight: number;
  /** Nats; `undefined` when the weights were set by hand. */
  readonly loss: number | undefined;
  /** Only of models from the Hub. */
  readonly hub: { readonly id: string; readonly commit: string } | undefined;
  /** What pins a model from elsewhere, e.g. the SHA-256 of its checkpoint; `undefined` when nothing does. */
  readonly identity: string | undefined;
  /** As the model's own card states it, as is what follows. */
  readonly licence: string | undefined;
  readonly licenceLink: string | undefined;
  readonly languages: readonly string[];
}

export interface CardFacts {
  readonly name: string;
  /** How the folder is called once unpacked; from `safeName`. */
  readonly folder: string;
  /** (models,) in model order; the first lends config and tokenizer. */
  readonly models: readonly CardModel[];
  /** What the values are stored as. */
  readonly dtype: OutputDtype;
  /** `straight`: the values of Hub models were read there while they were mixed, and the Hub's hashes compared with nothing. */
  readonly inputs: 'kept' | 'straight';
  /** Where the weights come from; `undefined` when they were set by hand. */
  readonly scoring:
    | {
        /** What the models were run as; embedding models when absent. */
        readonly task?: Exclude<Task, 'encoder'>;
        readonly definition: 'own' | 'reference';
        readonly temperature: number;
        readonly exampleCount: number;
      }
    | undefined;
  /** Where one fine-tuned model stands against the rest: its share, 0 to 1; the others share what is left. */
  readonly alpha: { readonly model: string; readonly alpha: number } | undefined;
  /** What the mixture makes, as the first model's files say; `undefined` where they do not. */
  readonly task: Task | undefined;
  /** How a text becomes one vector; `undefined` for a model that makes no embeddings. */
  readonly embedding:
    | {
        readonly pooling: string;
        /** Folders of the Dense modules after it. */
        readonly dense: readonly string[];
        readonly normalised: boolean;
        readonly prompts: { readonly query: string; readonly document: string };
      }
    | undefined;
  /** The checkpoint's, in the order of their names, then those of Dense modules. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  /** Opens the recipe on the page that made it; `undefined` where only recipe.json can. */
  readonly link: string | undefined;
}

const tags = ['merge', 'lm-cocktail', 'shaker'];

/** README.md of a mixture. Equal facts give equal text. */
export function printCard(facts: CardFacts): string {
  const parts = [
    frontMatter(facts),
    `# ${toMarkdown(facts.name)}`,
    `A weighted average of the parameters of ${facts.models.length} models, made by Shaker in a browser tab.`,
    '## Models',
    modelTable(facts),
    'The first model lends the configuration and the tokenizer.',
    '## Method',
    method(facts),
    '## Use',
    usage(facts),
    '## Recipe',
    recipeText(facts),
    '## Licence',
    licenceText(facts.models),
  ];
  return `${parts.join('\n\n')}\n`;
}

function frontMatter({ models, embedding, task }: CardFacts): string {
  const lines = [...licenceLines(models)];
  const languages = sharedLanguages(models);
  if (languages.length > 0) lines.push('language:', ...languages.map((code) => `  - ${toQuoted(code)}`));
  if (embedding !== undefined) {
    lines.push('library_name: sentence-transformers', 'pipeline_tag: sentence-similarity');
  } else if (task !== undefined && task !== 'encoder') {
    const { tag } = loading[task];
    lines.push('library_name: transformers', ...(tag === undefined ? [] : [`pipeline_tag: ${tag}`]));
  }
  const ids = new Set(models.flatMap(({ hub }) => (hub === undefined ? [] : [hub.id])));
  if (ids.size > 0) {
    lines.push('base_model:', ...[...ids].map((id) => `  - ${toQuoted(id)}`), 'base_model_relation: merge');
  }
  lines.push('tags:', ...tags.map((tag) => `  - ${tag}`));
  return `---\n${lines.join('\n')}\n---`;
}

/** None unless all models state the same ones, in whatever order. */
function sharedLanguages(models: readonly CardModel[]): readonly string[] {
  const sets = models.map(({ languages }) =>
    [...new Set(languages.map((code) => code.toLowerCase()))].sort(),
  );
  const [first = []] = sets;
  return sets.every((codes) => codes.join() === first.join()) ? first : [];
}

function modelTable({ models }: CardFacts): string {
  const scored = models.some(({ loss }) => loss !== undefined);
  const columns = ['model', 'version', 'licence', ...(scored ? ['loss (nats)'] : []), 'weight'];
  const rows = models.map(({ name, hub, identity, licence, loss, weight }) => {
    const pinned = hub === undefined ? (identity ?? 'not known') : `${hub.id} at ${hub.commit}`;
    const cells = [name, pinned, licence ?? 'unknown'].map(toMarkdown);
    const lossCell = loss === undefined ? 'unknown' : String(Number(loss.toPrecision(6)));
    return [...cells, ...(scored ? [lossCell] : []), printFloat32(weight)];
  });
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The sums are float32 whatever they are stored as. */
const storedAs: Readonly<Record<OutputDtype, string>> = {
  F32: 'All floating-point values are stored as float32.',
  F16: 'The sums are then rounded once, to nearest, ties to even: all floating-point values are stored as float16.',
  BF16: 'The sums are then rounded once, to nearest, ties to even: all floating-point values are stored as bfloat16.',
  'as-model-1':
    'The sums are then rounded once, to nearest, ties to even, to the dtype in which the first model stores the tensor (float64 becomes float32).',
};

function method({ scoring, alpha, files, dtype, inputs }: CardFacts): string {
  const lines = [
    `Each tensor is the sum of weight times values over the models, in float32, in the order of the table, as LM-Cocktail computes it ([arXiv 2311.13534](https://arxiv.org/abs/2311.13534)). ${storedAs[dtype]}`,
  ];
  if (alpha !== undefined) lines.push(alphaText(alpha));
  if (scoring !== undefined)
    lines.push(scoringText(scoring, alpha === undefined ? 'The weights' : 'Those shares'));
  if (alpha === undefined && scoring === undefined) lines.push('The weights were set by hand.');
  if (inputs === 'straight') lines.push(straightText);
  // two spaces at the end of a line break it
  const hashes = files.map(({ path, sha256 }) => `SHA-256 of \`${path}\`: \`${sha256}\``);
  if (hashes.length > 0) lines.push(hashes.join('  \n'));
  return lines.join('\n\n');
}

const straightText =
  "The values of the models from the Hub were read straight from it while they were mixed. Each part was checked for its place, its size and the file's version; the files were not compared with the hashes that the Hub states for them.";

/** Source: LM-Cocktail, section 3. */
function alphaText({ model, alpha }: NonNullable<CardFacts['alpha']>): string {
  return `The weight of ${toMarkdown(model)}, the fine-tuned model, is alpha = ${alpha}; the other models share 1 - alpha.`;
}

const generating = {
  name: 'language-modelling losses',
  own: 'cross-entropy of the tokens of the output after its input, each model with its own tokenizer, every token counted the same',
  reference:
    "the reference package's definition: cross-entropy of the tokens of the output after its input, the first model's tokenizer, averaged over batches",
};

/** What a loss is of, and how it was computed. Each says what it was computed with, or that it was the reference's way. */
const lossTexts: Readonly<
  Record<Task, { readonly name: string; readonly own: string; readonly reference: string }>
> = {
  encoder: {
    name: 'contrastive losses',
    own: "each model's own pooling, prompts and normalisation, cosine / 0.05, all examples in one batch",
    reference: "the reference package's definition: the first token's vector, no prompts, cosine / 0.05",
  },
  reranker: {
    name: 'losses',
    own: "cross-entropy of the positive's score among the scores of the example's own negatives",
    // the reference has none for rerankers, and is refused
    reference: '',
  },
  decoder: generating,
  'encoder-decoder': generating,
};

function scoringText(
  { task, definition, temperature, exampleCount }: NonNullable<CardFacts['scoring']>,
  what: 'The weights' | 'Those shares',
): string {
  const { name, [definition]: loss } = lossTexts[task ?? 'encoder'];
  const examples = exampleCount === 1 ? 'one example' : `${exampleCount} examples`;
  return `${what} are softmax(-loss / ${temperature}) of the models' ${name} on ${examples} (${loss}). The examples are not published.`;
}

function recipeText({ link }: CardFacts): string {
  const file =
    'Drop `recipe.json`, which lies beside this card, on the page of Shaker: it names the same models and weights, and gives the same bytes.';
  // in angle brackets an address may hold anything but those and line ends, which it has encoded
  return link === undefined ? file : `${file} Or open [the recipe's link](<${link}>).`;
}

/** How transformers loads such a model, head and all, and what the Hub calls what it does. Source: https://huggingface.co/tasks */
const loading: Readonly<Record<Task, { readonly loader: string; readonly tag: string | undefined }>> = {
  encoder: { loader: 'AutoModel', tag: undefined },
  reranker: { loader: 'AutoModelForSequenceClassification', tag: 'text-ranking' },
  decoder: { loader: 'AutoModelForCausalLM', tag: 'text-generation' },
  'encoder-decoder': { loader: 'AutoModelForSeq2SeqLM', tag: undefined },
};

function usage({ folder, embedding, task }: CardFacts): string {
  const path = toQuoted(folder);
  const { loader } = loading[task ?? 'encoder'];
  const plain = `from transformers import ${loader}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(${path})
model = ${loader}.from_pretrained(${path})`;
  if (embedding === undefined) return fence(plain);

  const { query, document } = embedding.prompts;
  const prompted = query === '' && document === '' ? '' : `\n${promptUse(query, document)}`;
  const sentence = `from sentence_transformers import SentenceTransformer

model = SentenceTransformer(${path})
embeddings = model.encode(["How do I reset my card?"])${prompted}`;
  const dense = embedding.dense.map((folder) => `\`${folder}\``).join(', ');
  const layers = dense === '' ? '' : `, passed through the Dense modules in ${dense}`;
  const length = embedding.normalised ? ', scaled to length 1' : '';
  return [
    'With sentence-transformers:',
    fence(sentence),
    `With transformers; a text's vector is the ${toMarkdown(embedding.pooling)} pooling of the last hidden state${layers}${length}:`,
    fence(plain),
  ].join('\n\n');
}

function promptUse(query: string, document: string): string {
  const lines: string[] = [];
  if (query !== '') lines.push(`queries = model.encode(["a question"], prompt=${toQuoted(query)})`);
  if (document !== '') lines.push(`documents = model.encode(["an answer"], prompt=${toQuoted(document)})`);
  return lines.join('\n');
}

function fence(code: string): string {
  return `\`\`\`python\n${code}\n\`\`\``;
}

/** The shortest decimal that is this float32 again, so that the weights can be replayed bit by bit. */
export function printFloat32(value: number): string {
  // 9 significant digits tell any two float32 apart
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
