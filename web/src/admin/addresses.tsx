import type { Addresses as Set } from '../api.ts';
import { CopyLine } from '../ui/copy.tsx';

const names: [keyof Set, string][] = [
  ['page', 'Page with player'],
  ['embed', 'Player to embed'],
  ['hls', 'HLS'],
  ['dash', 'DASH'],
  ['flv', 'HTTP-FLV'],
  ['ts', 'MPEG-TS'],
  ['rtmp', 'RTMP'],
  ['rtmps', 'RTMP inside TLS'],
  ['poster', 'Picture'],
];

/** Where a stream is watched. */
export function Addresses({ of }: { of: Partial<Set> }) {
  return (
    <dl class="lines">
      {names.map(([key, name]) => {
        const address = of[key];
        return (
          address && (
            <div key={key}>
              <dt>{name}</dt>
              <dd>
                <CopyLine text={address} label={`address, ${name}`} />
              </dd>
            </div>
          )
        );
      })}
    </dl>
  );
}
