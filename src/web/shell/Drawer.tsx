import { useText } from '../text/text.tsx';
import { Sheet } from '../ui/Dialog.tsx';
import { AccountButton } from './AccountButton.tsx';
import { NavigationList } from './Sidebar.tsx';

/** All places, on narrow screens. */
export default function Drawer({ onClose }: { onClose: () => void }) {
  const { shell } = useText();
  return (
    <Sheet title={shell.menu} onClose={onClose}>
      <NavigationList onGo={onClose} />
      <div className="mt-2 border-t border-line pt-2">
        <AccountButton />
      </div>
    </Sheet>
  );
}
