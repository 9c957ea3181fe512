import { isOnAir, type StreamList } from '../api.ts';
import { ingestAddress } from '../address.ts';
import { type Polled, usePoll } from '../poll.ts';
import { Wheel } from '../ui/wheel.tsx';
import { SendGuide } from './send-guide.tsx';
import { StreamCard } from './stream-card.tsx';

/** What everybody may know of the server. */
export function useStreams(): Polled<StreamList> {
  return usePoll<StreamList>('/api/v1/streams', 1500);
}

/** What is on air, for everybody. */
export function OnAir() {
  return <Streams polled={useStreams()} />;
}

export function Streams({ polled: { body: list, answered, lost, at, clock } }: { polled: Polled<StreamList> }) {
  const streams = list?.streams.filter(isOnAir) ?? [];
  const awaited = list?.streams.filter((stream) => stream.state === 'waiting') ?? [];
  const ingest = list?.ingest ?? ingestAddress(location);
  return (
    <>
      {lost && (
        <p class="lost" role="alert">
          <Wheel turning />
          <span>
            <strong>The server is out of reach.</strong> {list ? 'What you see is as it was last.' : ''} Trying again…
          </span>
        </p>
      )}
      {answered && !list && (
        <p class="quiet center">This address shows single streams only; the list is kept elsewhere.</p>
      )}
      {streams.length > 0 && (
        <>
          <h1 class="title">On air</h1>
          <ul class={lost ? 'cards stale' : 'cards'}>
            {streams.map((stream) => (
              <StreamCard key={stream.name} stream={stream} at={at} now={clock.now(Date.now())} />
            ))}
          </ul>
          <details class="more">
            <summary>Send another stream</summary>
            <SendGuide ingest={ingest} />
          </details>
        </>
      )}
      {list && streams.length === 0 && (
        <section class="empty">
          <Wheel turning={!lost} />
          <h1>Nothing is on air yet</h1>
          <p class="quiet">Point an encoder here, and the stream shows up by itself.</p>
          <SendGuide ingest={ingest} />
        </section>
      )}
      {awaited.length > 0 && (
        <p class="awaited quiet">
          Players wait for{' '}
          {awaited.map((stream) => `${stream.name} (${stream.waiting_total ?? 0})`).join(', ')}
        </p>
      )}
    </>
  );
}
