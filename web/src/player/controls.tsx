import { delay as asDelay } from '../format.ts';
import { FullScreenIcon, InsetIcon, MutedIcon, PauseIcon, PlayIcon, SettingsIcon, SoundIcon, WindowIcon } from '../ui/icons.tsx';
import type { FullScreen } from './full-screen.ts';
import type { Snapshot } from './live-player.ts';
import type { PictureInPicture } from './picture-in-picture.ts';

interface ControlsProps {
  snapshot: Snapshot;
  playing: boolean;
  fullScreen: FullScreen;
  inset: PictureInPicture;
  settingsOpen: boolean;
  onTogglePlay: () => void;
  onMuted: (muted: boolean) => void;
  onVolume: (volume: number) => void;
  onLive: () => void;
  onSettings: () => void;
}

export function Controls(props: ControlsProps) {
  const { snapshot, playing, fullScreen, inset } = props;
  const { delay } = snapshot;
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
        title="Go to the live edge (→)"
        onClick={props.onLive}
      >
        <i aria-hidden="true" />
        Live
      </button>
      {delay !== undefined && (
        <span class="delay" title="Delay since arrival at the server">
          {asDelay(delay)}
          <span class="unit"> since arrival at server</span>
          {snapshot.catchingUp && <em>catching up</em>}
        </span>
      )}
      <span class="spring" />
      <button
        type="button"
        class="control"
        aria-label="Settings"
        title="Settings"
        aria-expanded={props.settingsOpen}
        aria-controls="player-settings"
        onClick={props.onSettings}
      >
        <SettingsIcon />
      </button>
      {inset.possible && snapshot.hasPicture && (
        <Button label={inset.on ? 'Leave picture in picture' : 'Picture in picture'} shortcut="p" onClick={inset.toggle}>
          <InsetIcon />
        </Button>
      )}
      <Button label={fullScreen.on ? 'Leave full screen' : 'Full screen'} shortcut="f" onClick={fullScreen.toggle}>
        {fullScreen.on ? <WindowIcon /> : <FullScreenIcon />}
      </Button>
    </div>
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
