import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { CallDetail } from '../../../features/calls/contract.ts';
import { api } from '../../api/api.ts';
import { useText } from '../../text/text.tsx';
import { Button } from '../../ui/Button.tsx';
import { Card } from '../../ui/Card.tsx';
import { Problem } from '../../ui/Problem.tsx';

/** The recording, fetched through AVA when somebody wants to hear it: it is large, and it needs the person's token. */
export function Recording({ call }: { call: CallDetail }) {
  const { calls } = useText();
  const [isWanted, setIsWanted] = useState(false);
  const path = call.recording_url;
  const query = useQuery({
    queryKey: ['recordings', call.id],
    queryFn: ({ signal }) => api.calls.recording(path ?? '', { signal }),
    enabled: isWanted && path !== null,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  if (path === null) return null;
  return (
    <Card title={calls.recording}>
      {query.data === undefined ? (
        <Button
          busy={query.isFetching}
          icon={<Play aria-hidden className="size-4" />}
          onClick={() => (isWanted ? void query.refetch() : setIsWanted(true))}
        >
          {calls.loadRecording}
        </Button>
      ) : (
        <Player recording={query.data} />
      )}
      {query.error !== null && (
        <div className="mt-3">
          <Problem error={query.error} />
        </div>
      )}
    </Card>
  );
}

function Player({ recording }: { recording: Blob }) {
  const { calls } = useText();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(recording);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [recording]);
  return <audio controls src={url} aria-label={calls.recording} className="h-10 w-full" />;
}
