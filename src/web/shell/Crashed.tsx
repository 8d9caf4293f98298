import { useText } from '../text/text.tsx';
import { Button } from '../ui/Button.tsx';
import { Notice } from '../ui/Notice.tsx';

/** A page that throws does not take the shell with it. */
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
