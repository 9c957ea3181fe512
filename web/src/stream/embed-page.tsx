import { useCallback } from 'preact/hooks';
import { streamName, streamPath } from '../address.ts';
import { isOnAir, type Stream } from '../api.ts';
import { passOf, withPass } from '../pass.ts';
import { Player } from '../player/player.tsx';
import { usePoll } from '../poll.ts';
import { useTitle } from './title.ts';

/** `/embed/APP/NAME`: the player and nothing else. */
export function EmbedPage() {
  const path = streamPath(location.pathname);
  const name = streamName(path);
  const pass = passOf(location.search);
  const { body: stream, clock } = usePoll<Stream>(withPass(`/api/v1/streams/${path}`, pass), 3000);
  const serverNow = useCallback(() => (clock.known ? clock.now(Date.now()) : undefined), [clock]);
  useTitle(name, stream?.state === 'live');
  return (
    <Player
      path={path}
      pass={pass}
      name={name}
      stream={stream}
      poster={stream && isOnAir(stream) ? withPass(`/${path}.jpg`, pass) : undefined}
      serverNow={serverNow}
    />
  );
}
