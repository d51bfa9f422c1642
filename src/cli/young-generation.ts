// V8's young generation: 1 MB at first, doubled up to 16 MB (twice) whenever much survives, and hardly ever given back. Loading
// the program would grow it to the full for nothing; work must be able to. See decision 0008.
import { setFlagsFromString } from 'node:v8';

export function youngGeneration(may: 'stay_small' | 'grow'): void {
  setFlagsFromString(`--semi-space-growth-factor=${may === 'grow' ? 2 : 1}`);
}
