import type { Addresses } from '../api.ts';
import { CopyLine } from '../ui/copy.tsx';

/** The other ways to watch, each with what it is good for. */
export function AddressList({ addresses, embed }: { addresses: Addresses; embed: string }) {
  return (
    <section class="card">
      <h2>Watch it elsewhere</h2>
      <ul class="addresses">
        <Way name="This page" use="Send it to people; it plays in any browser." text={addresses.page} />
        <Way name="HLS" use="Phones, TVs, Safari, VLC, hls.js." text={addresses.hls} />
        <Way name="RTMP" use="VLC, ffplay, an OBS media source; the least delay." text={addresses.rtmp} />
        <Way name="HTTP-FLV" use="VLC, ffplay, mpegts.js; as quick, through web proxies." text={addresses.flv} />
        <Way name="DASH" use="dash.js, Shaka Player, TVs." text={addresses.dash} />
        <Way name="MPEG-TS" use="Television boxes, VLC, FFmpeg; all audio tracks in one stream." text={addresses.ts} />
        <Way name="Picture" use="The newest key frame as a JPEG, for lists and previews." text={addresses.poster} />
        <Way name="Embed" use="HTML for your own page." text={embed} />
      </ul>
    </section>
  );
}

function Way({ name, use, text }: { name: string; use: string; text: string }) {
  return (
    <li>
      <h3>{name}</h3>
      <p class="quiet">{use}</p>
      <CopyLine text={text} label={name} />
    </li>
  );
}
