import { useCallback, useState } from 'preact/hooks';
import { addressesFrom, embedCode, streamName, streamPath } from '../address.ts';
import { isOnAir, type Stream } from '../api.ts';
import { duration } from '../format.ts';
import { addressesWithPass, passOf, withPass } from '../pass.ts';
import type { Snapshot } from '../player/live-player.ts';
import { Player } from '../player/player.tsx';
import { plainHint } from '../player/settings.tsx';
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
  const pass = passOf(location.search);
  const { body: stream, at, clock } = usePoll<Stream>(withPass(`/api/v1/streams/${path}`, pass), 2000);
  const [playing, setPlaying] = useState<Snapshot>();
  const delay = playing?.delay;
  const serverNow = useCallback(() => (clock.known ? clock.now(Date.now()) : undefined), [clock]);
  useTitle(name, stream?.state === 'live');

  const own = addressesFrom(location);
  const addresses = addressesWithPass({ ...own, ...stream?.addresses }, pass);

  return (
    <>
      <Header />
      <main>
        <section class="stage">
          <Player
            path={path}
            pass={pass}
            name={name}
            stream={stream}
            poster={stream && isOnAir(stream) ? withPass(`/${path}.jpg`, pass) : undefined}
            serverNow={serverNow}
            onChange={setPlaying}
          />
        </section>
        {playing?.native && location.protocol === 'http:' && <p class="hint">{plainHint}</p>}
        <section class="headline">
          <h1>{stream?.title || name}</h1>
          {stream && <Badge state={stream.state} />}
          {stream?.since && isOnAir(stream) && (
            <span class="quiet">on air for {duration(clock.now(Date.now()) - Date.parse(stream.since))}</span>
          )}
          {stream && (
            <span class="watching">
              <ViewersIcon />
              {stream.viewers_total ?? 0} watching
            </span>
          )}
        </section>
        {/* Who is not let in gets no addresses that are for others. */}
        {playing?.phase !== 'refused' && (
          <>
            <div class="columns">
              <Facts stream={stream && isOnAir(stream) ? stream : undefined} at={at} delay={delay} />
              <AddressList addresses={addresses} embed={embedCode(addresses.embed)} />
            </div>
            <LadderGuide name={name} />
          </>
        )}
        <p class="keys quiet">
          <kbd>Space</kbd> pause <kbd>M</kbd> mute <kbd>F</kbd> full screen <kbd>I</kbd> statistics <kbd>?</kbd> all keys
        </p>
      </main>
    </>
  );
}
