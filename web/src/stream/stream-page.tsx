import { useCallback, useState } from 'preact/hooks';
import { addressesFrom, embedCode, streamName, streamPath } from '../address.ts';
import type { Stream } from '../api.ts';
import { duration } from '../format.ts';
import { Player } from '../player/player.tsx';
import { usePoll } from '../poll.ts';
import { Badge } from '../ui/badge.tsx';
import { Header } from '../ui/header.tsx';
import { ViewersIcon } from '../ui/icons.tsx';
import { AddressList } from './address-list.tsx';
import { Facts } from './facts.tsx';
import { LadderGuide } from './ladder-guide.tsx';
import { useTitle } from './title.ts';

/** `/APP/NAME`: the player, what is known of the stream, and where else it can be watched. */
export function StreamPage() {
  const path = streamPath(location.pathname);
  const name = streamName(path);
  const { body: stream, at, clock } = usePoll<Stream>(`/api/v1/streams/${path}`, 2000);
  const [delay, setDelay] = useState<number>();
  const serverNow = useCallback(() => (clock.known ? clock.now(Date.now()) : undefined), [clock]);
  useTitle(name, stream?.state === 'live');

  const own = addressesFrom(location);
  const addresses = { ...own, ...stream?.addresses };

  return (
    <>
      <Header />
      <main>
        <section class="stage">
          <Player
            url={`/${path}/index.m3u8`}
            name={name}
            state={stream?.state}
            serverNow={serverNow}
            onDelay={setDelay}
          />
        </section>
        <section class="headline">
          <h1>{name}</h1>
          {stream && <Badge state={stream.state} />}
          {stream?.since && stream.state !== 'waiting' && (
            <span class="quiet">on air for {duration(clock.now(Date.now()) - Date.parse(stream.since))}</span>
          )}
          {stream && (
            <span class="watching">
              <ViewersIcon />
              {stream.viewers_total ?? 0} watching
            </span>
          )}
        </section>
        <div class="columns">
          <Facts stream={stream?.state === 'waiting' ? undefined : stream} at={at} delay={delay} />
          <AddressList addresses={addresses} embed={embedCode(addresses.embed)} />
        </div>
        <LadderGuide name={name} />
        <p class="keys quiet">
          <kbd>Space</kbd> pause <kbd>M</kbd> mute <kbd>F</kbd> full screen
        </p>
      </main>
    </>
  );
}
