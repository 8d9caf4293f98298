/** The first thing that runs: small, so that the session is looked up while the rest of the dashboard is on its way. */
import './styles/main.css';
import { askEarly } from './api/early.ts';
import { readSession, resumeSession } from './session/session.ts';

// A release replaces the files of the last one; a tab that still asks for them takes the new page instead, once.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('ava.reloaded') ?? 0);
  if (Date.now() - last < 60_000) return;
  event.preventDefault();
  sessionStorage.setItem('ava.reloaded', String(Date.now()));
  location.reload();
});

void resumeSession().then(() => {
  if (location.pathname === '/' && readSession().kind === 'signed_in') askEarly();
});
void import('./main.tsx');
