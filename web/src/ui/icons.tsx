import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const PlayIcon = () => (
  <Icon>
    <path class="solid" d="M8 5.2v13.6c0 .8.9 1.3 1.6.9l10.6-6.8c.6-.4.6-1.3 0-1.7L9.6 4.3C8.9 3.9 8 4.4 8 5.2z" />
  </Icon>
);

export const PauseIcon = () => (
  <Icon>
    <path class="solid" d="M7 4.5h2.8c.4 0 .7.3.7.7v13.6c0 .4-.3.7-.7.7H7a.7.7 0 0 1-.7-.7V5.2c0-.4.3-.7.7-.7zm7.2 0H17c.4 0 .7.3.7.7v13.6c0 .4-.3.7-.7.7h-2.8a.7.7 0 0 1-.7-.7V5.2c0-.4.3-.7.7-.7z" />
  </Icon>
);

const speaker = <path class="solid" d="M4 9.3h3.2l4.5-4c.5-.4 1.3-.1 1.3.6v12.2c0 .7-.8 1-1.3.6l-4.5-4H4a1 1 0 0 1-1-1v-3.4a1 1 0 0 1 1-1z" />;

export const SoundIcon = () => (
  <Icon>
    {speaker}
    <path d="M16 8.8a4.5 4.5 0 0 1 0 6.4M18.6 6.2a8.2 8.2 0 0 1 0 11.6" />
  </Icon>
);

export const MutedIcon = () => (
  <Icon>
    {speaker}
    <path d="M16.5 9.5l5 5M21.5 9.5l-5 5" />
  </Icon>
);

export const FullScreenIcon = () => (
  <Icon>
    <path d="M4 9V5.5C4 4.7 4.7 4 5.5 4H9M15 4h3.5c.8 0 1.5.7 1.5 1.5V9M20 15v3.5c0 .8-.7 1.5-1.5 1.5H15M9 20H5.5C4.7 20 4 19.3 4 18.5V15" />
  </Icon>
);

export const WindowIcon = () => (
  <Icon>
    <path d="M9 4v3.5C9 8.3 8.3 9 7.5 9H4M20 9h-3.5c-.8 0-1.5-.7-1.5-1.5V4M15 20v-3.5c0-.8.7-1.5 1.5-1.5H20M4 15h3.5c.8 0 1.5.7 1.5 1.5V20" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="9" y="9" width="11" height="11" rx="2.2" />
    <path d="M15 9V6.2C15 5 14 4 12.8 4H6.2C5 4 4 5 4 6.2v6.6C4 14 5 15 6.2 15H9" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="M5 12.5l4.5 4.5L19 7.5" />
  </Icon>
);

export const ViewersIcon = () => (
  <Icon>
    <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
    <circle cx="12" cy="12" r="2.8" />
  </Icon>
);

export const ArrowIcon = () => (
  <Icon>
    <path d="M5 12h14M13 6l6 6-6 6" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
    <circle cx="16" cy="7" r="2.6" />
    <circle cx="8" cy="17" r="2.6" />
  </Icon>
);

export const InsetIcon = () => (
  <Icon>
    <path d="M9.5 18.5H5A1.5 1.5 0 0 1 3.5 17V7A1.5 1.5 0 0 1 5 5.5h14A1.5 1.5 0 0 1 20.5 7v3" />
    <rect class="solid" x="12" y="12.5" width="9.5" height="7" rx="1.3" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
