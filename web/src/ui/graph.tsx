import { useRef } from 'preact/hooks';
import { graphPath } from './graph-path.ts';

const width = 300;
const height = 60;
const length = 60;

/** The last values of a measure as a line over a filled area. It keeps the values itself: one for each new `at`. */
export function Graph({ value, at, label }: { value: number; at: number; label: string }) {
  const kept = useRef<{ at: number; values: number[] }>({ at: 0, values: [] });
  if (at !== kept.current.at) {
    kept.current = { at, values: [...kept.current.values, value].slice(-length) };
  }
  const line = graphPath(kept.current.values, width, height);
  return (
    <svg class="graph" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {line && <path class="area" d={`${line}V${height}H0Z`} />}
      {line && <path class="line" d={line} />}
    </svg>
  );
}
