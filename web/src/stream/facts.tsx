import type { ComponentChildren } from 'preact';
import type { Stream, Track } from '../api.ts';
import { delaySince } from '../delay.ts';
import { bitrate, delay as asDelay, picture, protocol, sound, videoCodec, viewersByProtocol } from '../format.ts';
import { Graph } from '../ui/graph.tsx';

/** What is known of a stream: delay, tracks, rates, sender, viewers. */
export function Facts({ stream, at, delay }: { stream: Stream | undefined; at: number; delay: number | undefined }) {
  if (!stream) {
    return (
      <section class="card facts">
        <h2>Signal</h2>
        <p class="quiet">
          {delay === undefined ? 'Nothing is being sent under this name.' : 'It plays; more is not told at this address.'}
        </p>
      </section>
    );
  }
  const { video, audio, publisher } = stream;
  const late = delaySince(delay, stream.encoder_clock ?? undefined);
  const others = (stream.tracks ?? []).filter((track) => !track.default);
  const missing = stream.unplayable ?? [];
  const viewers = viewersByProtocol(stream.viewers);
  return (
    <section class="card facts">
      <h2>Signal</h2>
      <div class="gauges">
        <Gauge label="Bit rate" value={bitrate(stream.bitrate) || '–'} />
        <Gauge label={`Delay ${late?.since ?? 'since arrival at server'}`} value={late ? asDelay(late.ms) : '–'} />
      </div>
      <Graph value={stream.bitrate ?? 0} at={at} label="Bit rate of the last two minutes" />
      <dl>
        {video && (
          <Row name="Picture">
            {picture(video)}
            <small>{join(videoCodec(video), bitrate(video.bitrate))}</small>
          </Row>
        )}
        {video?.keyframe_interval ? <Row name="Key frames">every {Number(video.keyframe_interval.toFixed(1))} s</Row> : null}
        {audio && (
          <Row name="Sound">
            {sound(audio)}
            <small>{join(audio.codec, bitrate(audio.bitrate))}</small>
          </Row>
        )}
        {others.length > 0 && (
          <Row name="Others">
            <ul class="tracks">
              {others.map((track) => (
                <li key={`${track.kind}${track.id}`}>
                  {join(track.name, track.language) || `${track.kind === 'video' ? 'Picture' : 'Sound'} ${track.id}`}
                  <small>{about(track)}</small>
                </li>
              ))}
            </ul>
          </Row>
        )}
        {missing.length > 0 && (
          <Row name="Left out">
            <ul class="tracks">
              {missing.map(({ protocol: of, kind, track, reason }) => (
                <li key={`${of}${kind}${track}`}>
                  {kind === 'video' ? 'Picture' : 'Sound'} {track} is not in {protocol(of)}
                  <small>{reason}</small>
                </li>
              ))}
            </ul>
          </Row>
        )}
        {publisher && (
          <Row name="Sent by">
            {publisher.encoder || 'unknown encoder'}
            <small>{join(publisher.protocol && protocol(publisher.protocol), publisher.address)}</small>
          </Row>
        )}
        <Row name="Watching">
          {viewers.length ? viewers.map(([name, count]) => `${count} by ${name}`).join(', ') : 'nobody yet'}
        </Row>
      </dl>
    </section>
  );
}

/** What a track is, in a line. */
function about({ video, audio }: Track): string {
  if (video) return join(picture(video), videoCodec(video), bitrate(video.bitrate));
  return audio ? join(sound(audio), audio.codec, bitrate(audio.bitrate)) : '';
}

function Gauge({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <span>{label}</span>
      <strong>{value}</strong>
    </div>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function join(...parts: (string | undefined)[]): string {
  return parts.filter(Boolean).join(' · ');
}
