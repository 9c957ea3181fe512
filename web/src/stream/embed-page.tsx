import { useCallback } from 'preact/hooks';
import { streamName, streamPath } from '../address.ts';
import { isOnAir, type Stream } from '../api.ts';
import { Player } from '../player/player.tsx';
import { usePoll } from '../poll.ts';
import { useTitle } from './title.ts';

/** `/embed/APP/NAME`: the player and nothing else. */
export function EmbedPage() {
  const path = streamPath(location.pathname);
  const name = streamName(path);
  const { body: stream, clock } = usePoll<Stream>(`/api/v1/streams/${path}`, 3000);
  const serverNow = useCallback(() => (clock.known ? clock.now(Date.now()) : undefined), [clock]);
  useTitle(name, stream?.state === 'live');
  return (
    <Player
      path={path}
      name={name}
      stream={stream}
      poster={stream && isOnAir(stream) ? `/${path}.jpg` : undefined}
      serverNow={serverNow}
    />
  );
}
