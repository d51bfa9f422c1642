// A chart over time: stacked bars, lines or areas, with the values under the pointer. Drawn as SVG that scales; the
// numbers are also there as text for whoever cannot see it.
import { useRef, useState } from 'preact/hooks';
import { clockTime } from '../i18n/times.ts';

export interface Series {
  readonly name: string;
  /** Class that gives its colour: `c-success`. */
  readonly tone: string;
  readonly kind: 'bar' | 'line' | 'area';
  /** One value per point; null: not known. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Unix ms of each point, evenly spaced. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** What the legend says while nothing is pointed at: the last value, or the sum of all. */
  readonly rest?: 'last' | 'sum';
}

const WIDTH = 600;
const HEIGHT = 120;

export function Chart({ title, times, series, format, rest = 'last' }: ChartProps) {
  const [hovered, setHovered] = useState<number | null>(null);
  const box = useRef<SVGSVGElement>(null);
  const top = niceTop(times.map((_, i) => Math.max(stackAt(series, i, series.length), lineTop(series, i))));
  const step = WIDTH / Math.max(1, times.length);
  const x = (i: number): number => (i + 0.5) * step;
  const y = (value: number): number => HEIGHT - (value / top) * HEIGHT;
  const hover = (event: PointerEvent): void => {
    const { left, width } = box.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    const i = Math.floor(((event.clientX - left) / width) * times.length);
    setHovered(i >= 0 && i < times.length ? i : null);
  };
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {series.map(({ name, tone, values }) => {
            const value = hovered === null ? restOf(values, rest) : values[hovered];
            return (
              <li key={name} class={tone}>
                <span class="swatch" aria-hidden="true" /> {name}{' '}
                <b>{value === null || value === undefined ? '-' : format(value)}</b>
              </li>
            );
          })}
        </ul>
      </figcaption>
      <div class="plot">
        <span class="y-top" aria-hidden="true">
          {format(top)}
        </span>
        <svg
          ref={box}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={title}
          onPointerMove={hover}
          onPointerLeave={() => setHovered(null)}
        >
          <path class="grid" d={`M0 ${HEIGHT / 2}H${WIDTH}M0 0.5H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`} />
          {series.map((one, s) =>
            one.kind === 'bar' ? (
              <path key={one.name} class={`bar ${one.tone}`} d={barPath(series, s, step, y)} />
            ) : (
              <g key={one.name} class={one.tone}>
                {one.kind === 'area' ? <path class="area" d={linePath(one.values, x, y, HEIGHT)} /> : null}
                <path class="line" d={linePath(one.values, x, y, null)} />
              </g>
            ),
          )}
          {hovered === null ? null : <path class="cursor" d={`M${x(hovered)} 0V${HEIGHT}`} />}
        </svg>
        <div class="x-axis" aria-hidden="true">
          <span>{times[0] === undefined ? '' : clockTime(times[0])}</span>
          <span>{hovered === null || times[hovered] === undefined ? '' : clockTime(times[hovered])}</span>
          <span>{times.length === 0 ? '' : clockTime(times.at(-1) ?? 0)}</span>
        </div>
      </div>
    </figure>
  );
}

function restOf(values: Series['values'], rest: 'last' | 'sum'): number | null | undefined {
  return rest === 'last' ? values.at(-1) : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Height of the bars below series number `end` at a point. */
function stackAt(series: readonly Series[], i: number, end: number): number {
  let sum = 0;
  for (let s = 0; s < end; s++) if (series[s]?.kind === 'bar') sum += series[s]?.values[i] ?? 0;
  return sum;
}

function lineTop(series: readonly Series[], i: number): number {
  return Math.max(0, ...series.filter(({ kind }) => kind !== 'bar').map(({ values }) => values[i] ?? 0));
}

/** 1, 2 or 5 times a power of ten, not below the largest value. */
function niceTop(values: readonly number[]): number {
  const most = Math.max(0, ...values);
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5].find((n) => n * power >= most) ?? 10) * power;
}

function barPath(series: readonly Series[], s: number, step: number, y: (value: number) => number): string {
  const gap = step > 4 ? 1 : 0;
  return (series[s]?.values ?? [])
    .map((value, i) => {
      if (!value) return '';
      const below = stackAt(series, i, s);
      return `M${(i * step + gap).toFixed(1)} ${y(below).toFixed(1)}V${y(below + value).toFixed(1)}H${((i + 1) * step - gap).toFixed(1)}V${y(below).toFixed(1)}Z`;
    })
    .join('');
}

/** Breaks where a value is not known. @param floor closes each piece there, for an area */
function linePath(
  values: readonly (number | null)[],
  x: (i: number) => number,
  y: (value: number) => number,
  floor: number | null,
): string {
  let path = '';
  let started = -1;
  const close = (end: number): void => {
    if (started !== -1 && floor !== null) path += `L${x(end).toFixed(1)} ${floor}L${x(started).toFixed(1)} ${floor}Z`;
    started = -1;
  };
  for (const [i, value] of values.entries()) {
    if (value === null) close(i - 1);
    else {
      path += `${started === -1 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      // A point alone would be a line without length.
      if (started === -1) path += 'h1';
      if (started === -1) started = i;
    }
  }
  close(values.length - 1);
  return path;
}
