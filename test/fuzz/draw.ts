/** The one place that turns a seed, a kind and a number into a case. */
import { attacks } from './attacks.ts';
import { drawBinCase } from './bins.ts';
import type { Case, Kind } from './cases.ts';
import { drawHeaderCase } from './headers.ts';
import { drawIndexCase } from './indexes.ts';
import { Random } from './random.ts';

export function drawCase(seed: number, kind: Kind, number: number): Case {
  const random = new Random(`${seed}/${kind}/${number}`);
  switch (kind) {
    case 'header':
      return drawHeaderCase(random);
    case 'index':
      return drawIndexCase(random);
    case 'bin':
      return drawBinCase(random);
    case 'attack': {
      const attack = attacks[number];
      if (attack === undefined) throw new Error(`there are ${attacks.length} attacks`);
      return { files: attack.files(), how: [attack.name] };
    }
  }
}
