import type { Delay } from '../delay.ts';
import { delay as asDelay } from '../format.ts';
import { FullScreenIcon, InsetIcon, MutedIcon, PauseIcon, PlayIcon, SettingsIcon, SoundIcon, WindowIcon } from '../ui/icons.tsx';
import type { FullScreen } from './full-screen.ts';
import type { Snapshot } from './live-player.ts';
import type { PictureInPicture } from './picture-in-picture.ts';
import { Timeline } from './timeline.tsx';

interface ControlsProps {
  snapshot: Snapshot;
  delay: Delay | undefined;
  playing: boolean;
  fullScreen: FullScreen;
  inset: PictureInPicture;
  settingsOpen: boolean;
  onTogglePlay: () => void;
  onMuted: (muted: boolean) => void;
  onVolume: (volume: number) => void;
  onLive: () => void;
  onSeek: (date: number) => void;
  onSettings: () => void;
}

export function Controls(props: ControlsProps) {
  const { snapshot, delay, playing, fullScreen, inset } = props;
  const live = playing && snapshot.phase === 'playing' && !snapshot.behind;
  const silent = snapshot.muted || snapshot.volume === 0;
  return (
    <div class="controls">
      {snapshot.shift && <Timeline shift={snapshot.shift} behind={snapshot.behind} onSeek={props.onSeek} />}
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
        class={live ? 'live-mark on' : 'live-mark'}
        title="Go to the live edge (l)"
        onClick={props.onLive}
      >
        <i aria-hidden="true" />
        Live
      </button>
      {delay && !snapshot.behind && (
        <span class="delay" title={`Delay ${delay.since}`}>
          {asDelay(delay.ms)}
          <span class="unit"> {delay.since}</span>
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
