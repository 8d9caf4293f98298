import './styles/main.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { resumeSession } from './session/session.ts';
import { loadText, preferredLanguage } from './text/text.tsx';

// A release replaces the files of the last one; a tab that still asks for them takes the new page instead, once.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem('ava.reloaded') ?? 0);
  if (Date.now() - last < 60_000) return;
  event.preventDefault();
  sessionStorage.setItem('ava.reloaded', String(Date.now()));
  location.reload();
});

const language = preferredLanguage();
document.documentElement.lang = language;
void resumeSession();
void loadText(language).then((text) => {
  const root = document.getElementById('root');
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <App first={{ language, text }} />
    </StrictMode>,
  );
});
