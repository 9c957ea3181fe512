import { isOnAir } from '../api.ts';
import { bitrate, picture, protocol, sound, videoCodec, viewersByProtocol } from '../format.ts';
import { Badge } from '../ui/badge.tsx';
import { useAction } from './action.ts';
import { Addresses } from './addresses.tsx';
import { useClient } from './client-context.ts';
import { Confirm } from './confirm.tsx';
import { Fault } from './fault.tsx';
import { KeysCard } from './keys-card.tsx';
import { LinkCard } from './link-card.tsx';
import { Moment } from './moment.tsx';
import type { ManagedStream } from './objects.ts';
import { useResource } from './resource.ts';
import { SettingsCard } from './settings-card.tsx';

/** How often the stream is looked at, in ms. */
const interval = 3000;

/** One stream: what is on air, and all that can be done with it. */
export function StreamPane({ id }: { id: string }) {
  const client = useClient();
  const { body: stream, fault, reload } = useResource<ManagedStream>(`/streams/${id}`, interval);
  const action = useAction();
  const kick = () => action.run(() => client.post(`/streams/${id}/kick`)).then(reload);
  const remove = () =>
    action.run(async () => {
      await client.remove(`/streams/${id}`);
      location.hash = '#streams';
    });

  if (!stream) return <Fault text={fault} />;
  return (
    <>
      <div class="bar">
        <h1>{stream.name}</h1>
        <Badge state={stream.state} />
        <a class="button" href={stream.addresses?.page}>
          Watch
        </a>
      </div>
      <Fault text={action.fault ?? fault} />
      <div class="panes">
        <section class="card" aria-labelledby="now-title">
          <h2 id="now-title">Now</h2>
          <Now stream={stream} />
          {isOnAir(stream) && (
            <Confirm
              action="End the broadcast"
              of={`of ${stream.name}`}
              question="The encoder is sent away; with a good key it may come back."
              busy={action.busy}
              onConfirm={() => void kick()}
            />
          )}
        </section>
        <SettingsCard stream={stream} onChange={reload} />
        <KeysCard stream={id} />
        <LinkCard stream={id} />
        <section class="card" aria-labelledby="addresses-title">
          <h2 id="addresses-title">Where it is watched</h2>
          {stream.visibility === 'private' && <p class="quiet">Only with a signed link or token.</p>}
          <Addresses of={stream.addresses ?? {}} />
        </section>
        {stream.managed !== 'config' && (
          <section class="card" aria-labelledby="delete-title">
            <h2 id="delete-title">Delete</h2>
            <p class="quiet">Its keys go with it, and who sends it is sent away.</p>
            <Confirm
              action="Delete"
              of={`stream ${stream.name}`}
              question={`${stream.name} is gone then for good.`}
              busy={action.busy}
              onConfirm={() => void remove()}
            />
          </section>
        )}
      </div>
    </>
  );
}

/** What is on air of a stream. */
function Now({ stream }: { stream: ManagedStream }) {
  if (!isOnAir(stream)) return <p class="quiet">Nobody sends it.</p>;
  const { video, audio, publisher } = stream;
  const viewers = viewersByProtocol(stream.viewers);
  return (
    <dl class="facts-list">
      <div>
        <dt>Since</dt>
        <dd>
          <Moment at={stream.since} />
        </dd>
      </div>
      <div>
        <dt>Picture</dt>
        <dd>{video ? [picture(video), videoCodec(video)].filter(Boolean).join(' · ') : 'none'}</dd>
      </div>
      <div>
        <dt>Sound</dt>
        <dd>{audio ? [sound(audio), audio.codec].filter(Boolean).join(' · ') : 'none'}</dd>
      </div>
      <div>
        <dt>Bit rate</dt>
        <dd>{bitrate(stream.bitrate) || '–'}</dd>
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
        <dd>{viewers.length ? viewers.map(([name, count]) => `${count} by ${name}`).join(', ') : 'nobody'}</dd>
      </div>
    </dl>
  );
}
