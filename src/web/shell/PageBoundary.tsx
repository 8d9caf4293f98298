import { Component, type ReactNode } from 'react';
import { useText } from '../text/text.tsx';
import { Button } from '../ui/Button.tsx';
import { Notice } from '../ui/Notice.tsx';

/** Keeps a page that throws from taking the shell with it. */
export class PageBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}

export function Crashed() {
  const { problems } = useText();
  return (
    <div className="mx-auto w-full max-w-[70rem] px-4 py-10 sm:px-8">
      <Notice
        tone="bad"
        role="alert"
        title={problems.titles.crashed}
        actions={
          <Button size="small" onClick={() => location.reload()}>
            {problems.reload}
          </Button>
        }
      >
        {problems.crashedBody}
      </Notice>
    </div>
  );
}
