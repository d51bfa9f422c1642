// The server's time series, apart from what asks for it: whoever only works with points needs nothing else.
import type { SeriesAnswer } from '../../../src/protocol/schemas/series.ts';

export type Series = SeriesAnswer;
export type SeriesPoint = SeriesAnswer['points'][number];
