import { useEffect, useState } from 'preact/hooks';
import { useAction } from './action.ts';
import { useClient } from './client-context.ts';
import { Fault } from './fault.tsx';
import type { ManagedStream, Visibility } from './objects.ts';
import { visibilities } from './visibility.ts';

interface SettingsCardProps {
  stream: ManagedStream;
  onChange: () => void;
}

/** What people set of a stream: title, who may watch, whether anybody may send. */
export function SettingsCard({ stream, onChange }: SettingsCardProps) {
  const client = useClient();
  const { busy, fault, run } = useAction();
  const [title, setTitle] = useState('');
  const [visibility, setVisibility] = useState<Visibility>('public');
  const [disabled, setDisabled] = useState(false);
  const [saved, setSaved] = useState(false);
  // Another revision is what somebody, here or elsewhere, has made of it.
  useEffect(() => {
    setTitle(stream.title ?? '');
    setVisibility(stream.visibility ?? 'public');
    setDisabled(!!stream.disabled);
  }, [stream.revision]);

  const declared = stream.managed === 'config';
  const save = (event: Event) => {
    event.preventDefault();
    setSaved(false);
    void run(async () => {
      await client.patch(`/streams/${stream.id}`, stream.revision!, { title: title.trim() || null, visibility, disabled });
      setSaved(true);
    }).then(onChange); // refused or not: somebody else may have changed it
  };
  return (
    <section class="card" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      {declared && <p class="quiet">The config file declares this stream: change it there.</p>}
      <form class="fields" onSubmit={save}>
        <label>
          Title, for people
          <input
            maxLength={200}
            autocomplete="off"
            disabled={declared}
            value={title}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <label>
          Who may watch
          <select
            disabled={declared}
            value={visibility}
            onChange={(event) => setVisibility(event.currentTarget.value as Visibility)}
          >
            {visibilities.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            disabled={declared}
            checked={disabled}
            onChange={(event) => setDisabled(event.currentTarget.checked)}
          />
          Nobody may send it
        </label>
        {!declared && (
          <div class="row">
            <button type="submit" class="button main" disabled={busy}>
              Save
            </button>
            <span role="status" class="quiet">
              {saved && !busy ? 'Saved.' : ''}
            </span>
          </div>
        )}
      </form>
      <Fault text={fault} />
    </section>
  );
}
