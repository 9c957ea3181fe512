import type { Delay } from '../delay.ts';
import { bitrate, delay as asDelay } from '../format.ts';
import { CloseIcon } from '../ui/icons.tsx';
import type { Snapshot } from './live-player.ts';
import { protocolLabels } from './protocol.ts';
import type { Statistics } from './statistics.ts';

interface StatisticsPanelProps {
  snapshot: Snapshot;
  delay: Delay | undefined;
  statistics: Statistics;
  onClose: () => void;
}

/** What the player knows of its own play, above the picture. */
export function StatisticsPanel({ snapshot, delay, statistics, onClose }: StatisticsPanelProps) {
  const { protocol, native } = snapshot;
  const { buffer, codecs, width, height, dropped, frames, speed } = statistics;
  const rows: [name: string, value: string][] = [
    ['Protocol', native ? 'HLS, by the browser itself' : protocolLabels[protocol]],
    [`Delay ${delay?.since ?? 'since arrival at server'}`, delay ? asDelay(delay.ms) : '–'],
    ['Buffer', `${buffer.toFixed(1)} s`],
    ['Bit rate', bitrate(statistics.bitrate) || '–'],
    ['Resolution', width ? `${width}×${height}` : '–'],
    ['Codecs', codecs || '–'],
    ['Dropped frames', `${dropped} of ${frames}`],
    ['Speed', `${speed.toFixed(2)}×`],
  ];
  return (
    <section class="panel statistics" aria-label="Statistics">
      <button type="button" class="close" aria-label="Close the statistics" title="Close (i)" onClick={onClose}>
        <CloseIcon />
      </button>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
