import { useRef } from 'preact/hooks';
import { isOnAir, type StreamList } from '../api.ts';
import { bitrate } from '../format.ts';
import { outgoing, type Reading } from './outgoing.ts';

/** The server's sums, in the header. */
export function Totals({ list }: { list: StreamList }) {
  const last = useRef<{ reading: Reading; rate: number }>(undefined);
  const reading = { at: Date.parse(list.time), sent: list.streams.map((s) => [s.name, s.bytes_out ?? 0] as const) };
  if (reading.at !== last.current?.reading.at) {
    last.current = { reading, rate: last.current ? outgoing(last.current.reading, reading) : 0 };
  }
  const sum = (of: (stream: StreamList['streams'][number]) => number | undefined) =>
    list.streams.reduce((total, stream) => total + (of(stream) ?? 0), 0);
  return (
    <dl class="totals">
      <Total name="on air" value={String(list.streams.filter(isOnAir).length)} />
      <Total name="watching" value={String(sum((s) => s.viewers_total))} />
      <Total name="in" value={bitrate(sum((s) => s.bitrate)) || '0'} />
      <Total name="out" value={bitrate(last.current?.rate) || '0'} />
    </dl>
  );
}

function Total({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dd>{value}</dd>
      <dt>{name}</dt>
    </div>
  );
}
