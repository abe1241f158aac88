import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openRuntime } from '../../src/graph/runtime.ts';
import { GraphSession } from '../../src/graph/session.ts';
import { openScorable } from '../../src/pipeline.ts';
import { planOutputs } from '../../src/score/plan-outputs.ts';
import { allOf, partsOf, runUnits } from '../../src/score/run-model.ts';
import { readerOf } from '../../src/score/scorable.ts';
import { folderSource } from '../model/models.ts';

vi.stubGlobal('crossOriginIsolated', false);

test('batches that do not fit together go in turns, to the same results', async () => {
  const model = await openScorable(
    await folderSource(join(import.meta.dirname, '../fixtures/families/llama-five/a'), 'a'),
  );
  // of lengths that no two of which share a batch
  const texts = [300, 350, 400].map((count) => 'when will my card arrive '.repeat(count));
  const plan = planOutputs(model, texts, '');
  const units = plan.units.map(({ ids }) => {
    const kept = ids.slice(0, 700);
    return { ids: kept, scored: [{ position: kept.length - 1, label: 0 }] };
  });
  const parts = partsOf(plan.architecture, 'a', 'logits');
  const runtime = await openRuntime('cpu', undefined);
  const sessions = new Map<Uint8Array, GraphSession>();
  const read = readerOf(allOf(parts), model);
  const placed: string[] = [];
  const run = async (waveBytes?: number) => {
    placed.length = 0;
    return runUnits(
      {
        ...{ ...plan, parts, model: 'a', signal: new AbortController().signal },
        ...(waveBytes === undefined ? {} : { waveBytes }),
        read: (parameter, ids) => {
          placed.push(parameter.name);
          return read(parameter, ids);
        },
        async open(bytes) {
          const session = sessions.get(bytes) ?? (await GraphSession.open(bytes, runtime));
          sessions.set(bytes, session);
          return session;
        },
      },
      units,
      'logits',
    );
  };
  const together = await run();
  const placedOnce = placed.length;
  const inTurns = await run(1);
  // three batches, each of which has the model placed for it
  expect(placed.length).toBe(3 * placedOnce);
  expect(inTurns).toEqual(together);
  expect(together.every(({ length }) => length > 0)).toBe(true);
});
