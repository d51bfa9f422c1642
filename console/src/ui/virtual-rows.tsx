// A long list of which only the visible rows exist. Rows have one height, so where each stands is a multiplication.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const OVERSCAN = 8;

export interface VirtualRowsProps<T> {
  readonly items: readonly T[];
  /** Pixels. */
  readonly rowHeight: number;
  readonly label: string;
  /** The row that keyboard moves to; it is scrolled into view when it changes. */
  readonly active?: number | null;
  readonly header: ComponentChildren;
  readonly row: (item: T, index: number) => ComponentChildren;
}

export function VirtualRows<T>({ items, rowHeight, label, active, header, row }: VirtualRowsProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    element.addEventListener('scroll', measure, { passive: true });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', measure);
      observer.disconnect();
    };
  }, []);
  useEffect(() => {
    const element = box.current;
    if (element === null || active === null || active === undefined) return;
    const top = active * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + 2 * rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + 2 * rowHeight - element.clientHeight;
    }
  }, [active, rowHeight]);

  const first = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
  return (
    <div class="rows" ref={box} role="table" aria-label={label} aria-rowcount={items.length + 1} tabIndex={0}>
      <div class="row head" role="row" aria-rowindex={1}>
        {header}
      </div>
      <div class="rows-all" role="rowgroup" style={{ height: `${items.length * rowHeight}px` }}>
        <div class="rows-shown" role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {items.slice(first, last).map((item, i) => row(item, first + i))}
        </div>
      </div>
    </div>
  );
}
