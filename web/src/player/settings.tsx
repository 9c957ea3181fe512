import type { Choice } from './engine.ts';
import type { Snapshot } from './live-player.ts';
import { type Protocol, protocolLabels } from './protocol.ts';

interface SettingsProps {
  snapshot: Snapshot;
  open: boolean;
  /** Tracks that HTTP-FLV leaves out. */
  more: boolean;
  onProtocol: (protocol: Protocol | undefined) => void;
  onQuality: (choice: Choice | undefined) => void;
  onSound: (choice: Choice) => void;
  onStatistics: () => void;
  onHelp: () => void;
}

/** What a viewer may choose. It is there when it is closed as well, so that what is chosen stays chosen. */
export function Settings({ snapshot, open, more, ...on }: SettingsProps) {
  const { choices, protocols, protocol, asked, native } = snapshot;
  return (
    <div class="panel settings" id="player-settings" role="group" aria-label="Settings" hidden={!open}>
      {protocols.length > 1 && (
        <Menu
          label="Protocol"
          entries={[
            { id: '', label: asked ? 'Auto' : `Auto (${protocolLabels[protocol]})` },
            ...protocols.map((id) => ({ id, label: protocolLabels[id] })),
          ]}
          chosen={asked ?? ''}
          onChoose={(id) => on.onProtocol((id || undefined) as Protocol | undefined)}
        />
      )}
      {choices && choices.qualities.length > 1 && (
        <Menu
          label="Quality"
          entries={[{ id: -1, label: automatic(choices.qualities[choices.shown], choices.quality) }, ...choices.qualities]}
          chosen={choices.quality}
          onChoose={(id) => on.onQuality(choices.qualities.find((quality) => String(quality.id) === id))}
        />
      )}
      {choices && choices.sounds.length > 1 && (
        <Menu
          label="Sound track"
          entries={choices.sounds}
          chosen={choices.sound}
          onChoose={(id) => {
            const sound = choices.sounds.find((sound) => String(sound.id) === id);
            if (sound) on.onSound(sound);
          }}
        />
      )}
      {more && protocol === 'flv' && <p>HTTP-FLV carries the main picture and sound only.</p>}
      {native && location.protocol === 'http:' && <p>{plainHint}</p>}
      <div class="actions">
        <button type="button" onClick={on.onStatistics}>
          Statistics
        </button>
        <button type="button" class="keyboard-only" onClick={on.onHelp}>
          Keys
        </button>
      </div>
    </div>
  );
}

/** Why an iPhone is some seconds behind here. */
export const plainHint =
  'This page was opened over plain HTTP. iPhones and Safari play low-latency HLS by HTTP/2 over TLS only: ' +
  'opened over https, it is some seconds nearer to live.';

/** What the entry is called that leaves the choice to the connection: with what that has chosen, while it does. */
function automatic(shown: Choice | undefined, asked: number): string {
  return shown && asked < 0 ? `Auto (${shown.label})` : 'Auto';
}

interface MenuProps {
  label: string;
  entries: { id: string | number; label: string }[];
  chosen: string | number;
  onChoose: (id: string) => void;
}

function Menu({ label, entries, chosen, onChoose }: MenuProps) {
  return (
    <label class="choice">
      <span>{label}</span>
      <select aria-label={label} value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
        {entries.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
