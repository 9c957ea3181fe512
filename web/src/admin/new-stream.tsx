import { useEffect, useRef, useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { Addresses } from './addresses.tsx';
import { useClient } from './client-context.ts';
import { EncoderSteps } from './encoder-steps.tsx';
import { Fault } from './fault.tsx';
import type { CreatedStream, Visibility } from './objects.ts';
import { visibilities } from './visibility.ts';

/** Makes a stream, and then shows what the encoder is to be told. */
export function NewStream() {
  const client = useClient();
  const { busy, fault, run } = useAction();
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const [visibility, setVisibility] = useState<Visibility>('unlisted');
  const [made, setMade] = useState<CreatedStream>();
  if (made) return <Made stream={made} onAnother={() => setMade(undefined)} />;

  const create = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const wanted = { name: name.trim(), visibility, ...(title.trim() ? { title: title.trim() } : {}) };
      setMade(await client.post<CreatedStream>('/streams', wanted));
      setName('');
      setTitle('');
    });
  };
  return (
    <section class="card narrow">
      <h1>New stream</h1>
      <form class="fields" onSubmit={create}>
        <label>
          Name
          <input
            required
            autofocus
            placeholder="live/cam1"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={name}
            aria-describedby="name-hint"
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <small id="name-hint" class="quiet">
            App and name; without an app it is in <code>live</code>.
          </small>
        </label>
        <label>
          Title, for people
          <input maxLength={200} autocomplete="off" value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
        </label>
        <label>
          Who may watch
          <select value={visibility} onChange={(event) => setVisibility(event.currentTarget.value as Visibility)}>
            {visibilities.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <div class="row">
          <button type="submit" class="button main" disabled={busy}>
            Create the stream
          </button>
          <a class="button" href="#streams">
            Cancel
          </a>
        </div>
      </form>
      <Fault text={fault} />
    </section>
  );
}

function Made({ stream, onAnother }: { stream: CreatedStream; onAnother: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // The form, which had the focus, is gone.
  useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <section class="card narrow">
        <h1 ref={heading} tabIndex={-1}>
          {stream.name} is ready
        </h1>
        {stream.key && <EncoderSteps server={stream.ingest_url} secure={stream.ingest_url_rtmps} streamKey={stream.key} />}
      </section>
      <section class="card narrow">
        <h2>Where it is watched</h2>
        {stream.visibility === 'private' && (
          <p class="quiet">These need a signed link or token, which the stream's page here makes.</p>
        )}
        <Addresses of={stream.playback} />
      </section>
      <div class="row narrow">
        <a class="button main" href={`#streams/${stream.id}`}>
          To the stream
        </a>
        <button type="button" class="button" onClick={onAnother}>
          Create another
        </button>
      </div>
    </>
  );
}
