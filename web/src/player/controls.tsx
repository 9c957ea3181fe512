import { delay as asDelay } from '../format.ts';
import { FullScreenIcon, MutedIcon, PauseIcon, PlayIcon, SoundIcon, WindowIcon } from '../ui/icons.tsx';
import type { Choice } from './engine.ts';
import type { FullScreen } from './full-screen.ts';
import type { Snapshot } from './live-player.ts';

interface ControlsProps {
  snapshot: Snapshot;
  /** Delay since arrival at the server, in ms. */
  delay: number | undefined;
  playing: boolean;
  fullScreen: FullScreen;
  onTogglePlay: () => void;
  onMuted: (muted: boolean) => void;
  onVolume: (volume: number) => void;
  onLive: () => void;
  onQuality: (choice: Choice | undefined) => void;
  onSound: (choice: Choice) => void;
}

export function Controls(props: ControlsProps) {
  const { snapshot, delay, playing, fullScreen } = props;
  const { choices } = snapshot;
  const silent = snapshot.muted || snapshot.volume === 0;
  return (
    <div class="controls">
      <Button label={snapshot.paused ? 'Play' : 'Pause'} shortcut="space" onClick={props.onTogglePlay}>
        {snapshot.paused ? <PlayIcon /> : <PauseIcon />}
      </Button>
      <div class="volume">
        <Button label={silent ? 'Sound on' : 'Mute'} shortcut="m" onClick={() => props.onMuted(!silent)}>
          {silent ? <MutedIcon /> : <SoundIcon />}
        </Button>
        <input
          type="range"
          min="0"
          max="1"
          step="0.02"
          aria-label="Volume"
          value={snapshot.muted ? 0 : snapshot.volume}
          onInput={(event) => props.onVolume(Number(event.currentTarget.value))}
        />
      </div>
      <button
        type="button"
        class={playing && snapshot.phase === 'playing' ? 'live-mark on' : 'live-mark'}
        title="Go to the live edge"
        onClick={props.onLive}
      >
        <i aria-hidden="true" />
        Live
      </button>
      {delay !== undefined && (
        <span class="delay" title="Delay since arrival at the server">
          {asDelay(delay)}
          <span class="unit"> behind</span>
          {snapshot.catchingUp && <em>catching up</em>}
        </span>
      )}
      <span class="spring" />
      {choices && choices.sounds.length > 1 && (
        <Menu
          label="Sound track"
          entries={choices.sounds}
          chosen={choices.sound}
          onChoose={(choice) => choice && props.onSound(choice)}
        />
      )}
      {choices && choices.qualities.length > 1 && (
        <Menu
          label="Quality"
          entries={[{ id: -1, label: automatic(choices.qualities[choices.shown], choices.quality) }, ...choices.qualities]}
          chosen={choices.quality}
          onChoose={(choice) => props.onQuality(choice && choice.id >= 0 ? choice : undefined)}
        />
      )}
      <Button label={fullScreen.on ? 'Leave full screen' : 'Full screen'} shortcut="f" onClick={fullScreen.toggle}>
        {fullScreen.on ? <WindowIcon /> : <FullScreenIcon />}
      </Button>
    </div>
  );
}

/** What the entry is called that leaves the choice to the connection: with what that has chosen, while it does. */
function automatic(shown: Choice | undefined, asked: number): string {
  return shown && asked < 0 ? `Auto (${shown.label})` : 'Auto';
}

interface MenuProps {
  label: string;
  entries: Choice[];
  chosen: number;
  onChoose: (choice: Choice | undefined) => void;
}

function Menu({ label, entries, chosen, onChoose }: MenuProps) {
  return (
    <select
      class="choice"
      aria-label={label}
      title={label}
      value={chosen}
      onChange={(event) => {
        const id = Number(event.currentTarget.value);
        onChoose(entries.find((entry) => entry.id === id));
      }}
    >
      {entries.map(({ id, label }) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}

interface ButtonProps {
  label: string;
  shortcut: string;
  onClick: () => void;
  children: preact.ComponentChildren;
}

function Button({ label, shortcut, onClick, children }: ButtonProps) {
  return (
    <button type="button" class="control" aria-label={label} title={`${label} (${shortcut})`} onClick={onClick}>
      {children}
    </button>
  );
}
