import './style/base.css';
import './style/player.css';
import { render } from 'preact';
import { EmbedPage } from './stream/embed-page.tsx';

render(<EmbedPage />, document.getElementById('app')!);
