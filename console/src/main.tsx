// Starts the console.
import { render } from 'preact';
import { App } from './app.tsx';
import { followWhileSeen, startFeed } from './live/feed.ts';
import { startKeys } from './shell/keys.ts';
import { followLinks } from './state/place.ts';
import { startQueries } from './state/query.ts';
import { applySettings } from './state/settings.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/dialogs.css';
import './styles/overview.css';
import './styles/lists.css';
import './styles/pages.css';

applySettings();
followLinks();
startKeys();
startQueries();
startFeed();
followWhileSeen();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
