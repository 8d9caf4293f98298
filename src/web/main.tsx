import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { loadText, preferredLanguage } from './text/text.tsx';

const language = preferredLanguage();
document.documentElement.lang = language;
void loadText(language).then((text) => {
  const root = document.getElementById('root');
  if (root === null) return;
  createRoot(root).render(
    <StrictMode>
      <App first={{ language, text }} />
    </StrictMode>,
  );
});
