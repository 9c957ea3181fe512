import { useState } from 'preact/hooks';
import { duration } from '../format.ts';
import type { Shift } from './shift.ts';

interface TimelineProps {
  shift: Shift;
  /** The viewer is not at the live edge. */
  behind: boolean;
  onSeek: (date: number) => void;
}

/** The steps of the bar, in ms. */
const step = 1000;

/** What can be gone back to, by the time of day. */
export function Timeline({ shift, behind, onSeek }: TimelineProps) {
  // While it is dragged it shows where to, not where the picture is.
  const [dragged, setDragged] = useState<number>();
  const at = dragged ?? (behind ? shift.at : shift.to);
  const late = behind || dragged !== undefined ? `−${duration(shift.to - at)}` : 'live';
  // Whole steps, counted from live: so the end of the bar can be reached.
  const length = Math.floor((shift.to - shift.from) / step) * step;
  const played = ((at - shift.from) / (shift.to - shift.from)) * 100;
  return (
    <div class="timeline">
      <time>{timeOfDay(at)}</time>
      <input
        type="range"
        aria-label="Time"
        aria-valuetext={`${timeOfDay(at)}, ${late === 'live' ? 'live' : `${duration(shift.to - at)} behind live`}`}
        min={Math.round(shift.to) - length}
        max={Math.round(shift.to)}
        step={step}
        value={Math.round(at)}
        ref={(input) => input?.style.setProperty('--played', `${Math.min(100, Math.max(0, played))}%`)}
        onInput={(event) => setDragged(Number(event.currentTarget.value))}
        onChange={(event) => {
          setDragged(undefined);
          onSeek(Number(event.currentTarget.value));
        }}
      />
      <span class="late">{late}</span>
    </div>
  );
}

/** By the viewer's own clock. */
function timeOfDay(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}
