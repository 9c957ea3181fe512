import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Stream } from '../api.ts';
import { delaySince } from '../delay.ts';
import { MutedIcon, PlayIcon } from '../ui/icons.tsx';
import { Wheel } from '../ui/wheel.tsx';
import { Controls } from './controls.tsx';
import { useFullScreen } from './full-screen.ts';
import { Help } from './help.tsx';
import { useIdle } from './idle.ts';
import { useKeys } from './keys.ts';
import { LivePlayer, type Snapshot } from './live-player.ts';
import { notice } from './notice.ts';
import { usePictureInPicture } from './picture-in-picture.ts';
import { Settings } from './settings.tsx';
import { startOf } from './shift.ts';
import { StatisticsPanel } from './statistics-panel.tsx';

export interface PlayerProps {
  /** The stream's path, as it stands in addresses: `live/cam%201`. */
  path: string;
  /** What lets the viewer in, as a query; '' for nothing. */
  pass: string;
  name: string;
  /** What the API says of the stream, when it says something. */
  stream: Stream | undefined;
  /** The address of the stream's picture, undefined while there is none to ask for. */
  poster: string | undefined;
  /** The server's clock, in ms; undefined while unknown. */
  serverNow: () => number | undefined;
  /** Told what the player is at. */
  onChange?: (snapshot: Snapshot) => void;
}

/** How far an arrow goes, in ms. */
const step = 10_000;

/** What lies above the picture. */
type Overlay = 'settings' | 'help' | undefined;

/** The player with everything on it: picture, notices, controls, keys. It fills the box that it is put into. */
export function Player({ path, pass, name, stream, poster, serverNow, onChange }: PlayerProps) {
  const box = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<LivePlayer>(undefined);
  const [snapshot, setSnapshot] = useState<Snapshot>();
  const [overlay, setOverlay] = useState<Overlay>();
  const [statistics, setStatistics] = useState(false);
  const fullScreen = useFullScreen(box, video);
  const inset = usePictureInPicture(video);
  const idle = useIdle(box);
  const { state } = stream ?? {};

  useEffect(() => {
    player.current = new LivePlayer(
      video.current!,
      `/${path}`,
      pass,
      serverNow,
      setSnapshot,
      startOf(location.search, serverNow() ?? Date.now()),
    );
    return () => player.current?.destroy();
  }, [path, pass, serverNow]);

  const codecs = { video: stream?.video?.codec, audio: stream?.audio?.codec };
  const timeShift = !!stream?.time_shift;
  useEffect(
    () => player.current?.learn({ state, codecs, timeShift }),
    [path, pass, serverNow, state, codecs.video, codecs.audio, timeShift],
  );
  useEffect(() => {
    if (snapshot) onChange?.(snapshot);
  }, [snapshot]);

  const toggleOverlay = (which: Overlay) => setOverlay((before) => (before === which ? undefined : which));
  const closeOverlay = () => {
    setOverlay(undefined);
    box.current?.focus();
  };

  useKeys(
    box,
    useCallback(
      (key) => {
        const live = player.current;
        if (!live) return false;
        switch (key) {
          case ' ':
          case 'k':
            live.togglePlay();
            return true;
          case 'm':
            live.setMuted(!video.current!.muted);
            return true;
          case 'arrowup':
            live.turnVolume(0.05);
            return true;
          case 'arrowdown':
            live.turnVolume(-0.05);
            return true;
          case 'arrowleft':
            live.skip(-step);
            return true;
          case 'arrowright':
            live.skip(step);
            return true;
          case 'l':
            live.seekLive();
            return true;
          case 'f':
            fullScreen.toggle();
            return true;
          case 'p':
            inset.toggle();
            return true;
          case 'i':
            setStatistics((before) => !before);
            return true;
          case '?':
            toggleOverlay('help');
            return true;
          case 'escape':
            closeOverlay();
            setStatistics(false);
            return true;
        }
        return false;
      },
      [fullScreen.toggle, inset.toggle],
    ),
  );

  const told = snapshot && !snapshot.paused && !snapshot.needsClick ? notice({ ...snapshot, state, hasPass: pass !== '' }) : undefined;
  const stands = !snapshot || snapshot.paused || snapshot.needsClick || !!told?.covers;
  const delay = delaySince(snapshot?.delay, stream?.encoder_clock ?? undefined);
  const soundOnly = !!snapshot && snapshot.phase === 'playing' && !snapshot.hasPicture;

  return (
    <div
      ref={box}
      class={`player${idle && !stands && !overlay ? ' idle' : ''}${snapshot?.hasPlayed ? ' played' : ''}`}
      role="region"
      aria-label={`Player, ${name}`}
      tabIndex={-1}
    >
      <video
        ref={video}
        poster={poster}
        playsInline
        aria-label={name}
        onClick={(event) => {
          if (overlay) setOverlay(undefined);
          else if (snapshot?.soundBlocked) player.current?.setMuted(false);
          // A finger asks for the controls first; a mouse has them already.
          else if (!isTouch(event)) player.current?.togglePlay();
        }}
        onDblClick={fullScreen.toggle}
      />
      {soundOnly && <SoundOnly name={name} moving={!stands && !told} />}
      {told && (
        <div class={`notice ${told.covers ? 'covers' : 'aside'} ${told.kind}`}>
          <Wheel turning />
          <div>
            <strong>{told.title}</strong>
            {told.detail && <span>{told.detail}</span>}
          </div>
        </div>
      )}
      {stands && !told && snapshot && (
        <button type="button" class="big-play" aria-label="Play" onClick={() => player.current?.play()}>
          <PlayIcon />
        </button>
      )}
      {snapshot?.soundBlocked && !stands && (
        <button type="button" class="sound-on" onClick={() => player.current?.setMuted(false)}>
          <MutedIcon />
          Sound on
        </button>
      )}
      <p class="offscreen" role="status">
        {told?.title ?? ''}
      </p>
      {snapshot && statistics && player.current && (
        <StatisticsPanel
          snapshot={snapshot}
          delay={delay}
          statistics={player.current.statistics()}
          onClose={() => setStatistics(false)}
        />
      )}
      {snapshot && (
        <Controls
          snapshot={snapshot}
          delay={delay}
          playing={!stands}
          fullScreen={fullScreen}
          inset={inset}
          settingsOpen={overlay === 'settings'}
          onTogglePlay={() => player.current?.togglePlay()}
          onMuted={(muted) => player.current?.setMuted(muted)}
          onVolume={(volume) => player.current?.setVolume(volume)}
          onLive={() => player.current?.seekLive()}
          onSeek={(date) => player.current?.seekTo(date)}
          onSettings={() => toggleOverlay('settings')}
        />
      )}
      {snapshot && (
        <Settings
          snapshot={snapshot}
          open={overlay === 'settings'}
          more={(stream?.tracks ?? []).some((track) => !track.default)}
          onProtocol={(protocol) => player.current?.chooseProtocol(protocol)}
          onQuality={(choice) => player.current?.chooseQuality(choice)}
          onSound={(choice) => player.current?.chooseSound(choice)}
          onStatistics={() => setStatistics((before) => !before)}
          onHelp={() => setOverlay('help')}
        />
      )}
      {overlay === 'help' && <Help onClose={closeOverlay} />}
    </div>
  );
}

/** What there is to look at when a stream has no picture. */
function SoundOnly({ name, moving }: { name: string; moving: boolean }) {
  return (
    <div class="sound-only">
      <div class={moving ? 'rings moving' : 'rings'}>
        <i />
        <i />
        <i />
        <Wheel turning={moving} />
      </div>
      <strong>{name}</strong>
      <span>Sound only</span>
    </div>
  );
}

/** Browsers that do not tell the pointer of a click are taken to have a mouse. */
function isTouch(event: Event): boolean {
  return 'pointerType' in event && event.pointerType === 'touch';
}
