import { isOnAir, type Stream } from '../api.ts';
import { bitrate, duration, picture, protocol, sound, viewersByProtocol } from '../format.ts';
import { Badge } from '../ui/badge.tsx';
import { Graph } from '../ui/graph.tsx';
import { ViewersIcon } from '../ui/icons.tsx';

/** How often a card shows another picture, in ms. */
const pictureEvery = 30_000;

/** One stream of the list; the whole card leads to its page. */
export function StreamCard({ stream, at, now }: { stream: Stream; at: number; now: number }) {
  const { video, audio, publisher } = stream;
  const viewers = viewersByProtocol(stream.viewers);
  const path = `/${stream.name.split('/').map(encodeURIComponent).join('/')}`;
  return (
    <li class={`card stream ${stream.state}`}>
      {video && isOnAir(stream) && (
        <img class="picture" src={`${path}.jpg?at=${Math.floor(now / pictureEvery)}`} alt="" loading="lazy" />
      )}
      <div class="head">
        <h2>
          <a href={path}>{stream.title || stream.name}</a>
        </h2>
        <Badge state={stream.state} />
      </div>
      <dl>
        <div>
          <dt>Picture</dt>
          <dd>{video ? [picture(video), video.codec].filter(Boolean).join(' · ') : 'none'}</dd>
        </div>
        <div>
          <dt>Sound</dt>
          <dd>{audio ? [sound(audio), audio.codec].filter(Boolean).join(' · ') : 'none'}</dd>
        </div>
        <div>
          <dt>From</dt>
          <dd>
            {publisher
              ? [publisher.encoder, publisher.protocol && protocol(publisher.protocol), publisher.address].filter(Boolean).join(' · ')
              : 'nobody at present'}
          </dd>
        </div>
        <div>
          <dt>Watching</dt>
          <dd>
            {viewers.length ? viewers.map(([name, count]) => `${name} ${count}`).join(' · ') : 'nobody yet'}
          </dd>
        </div>
      </dl>
      <div class="foot">
        <Graph value={stream.bitrate ?? 0} at={at} label="Bit rate of the last minute and a half" />
        <strong>{bitrate(stream.bitrate) || '–'}</strong>
        <span class="watching" title="viewers">
          <ViewersIcon />
          {stream.viewers_total ?? 0}
        </span>
        {stream.since && <span title="on air for">{duration(now - Date.parse(stream.since))}</span>}
      </div>
    </li>
  );
}
