// One number with a small picture of how it went.
export interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly exact?: string;
  readonly tone?: string;
  readonly href?: string;
  readonly spark: readonly number[];
}

const WIDTH = 100;
const HEIGHT = 24;

export function Tile({ name, value, exact, tone = 'line', href, spark }: TileProps) {
  const body = (
    <>
      <span class="name">
        <span class="dot" aria-hidden="true" />
        {name}
      </span>
      <b class="value" title={exact}>
        {value}
      </b>
      <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="area" d={`${sparkPath(spark)}V${HEIGHT}H0Z`} />
        <path class="line" d={sparkPath(spark)} />
      </svg>
    </>
  );
  const style = `tile s-${tone} c-${tone}`;
  return href === undefined ? (
    <div class={style}>{body}</div>
  ) : (
    <a class={style} href={href}>
      {body}
    </a>
  );
}

function sparkPath(values: readonly number[]): string {
  if (values.length < 2) return `M0 ${HEIGHT - 1}H${WIDTH}`;
  const top = Math.max(1, ...values);
  const step = WIDTH / (values.length - 1);
  return values
    .map(
      (value, i) =>
        `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${(HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1)}`,
    )
    .join('');
}
