/**
 * A listening socket that a supervisor opened and keeps, as systemd does with ava-api.socket: connections that come while
 * AVA is restarted wait in it instead of being refused.
 * https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
const FIRST_DESCRIPTOR = 3;

/**
 * The descriptor to listen on, or undefined where AVA opens its own socket. The variables are meant for this process, or for
 * the small one that installs what is missing and starts it. Throws where more than one socket is handed over.
 */
export function inheritedSocket(
  { LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv,
  { pid, ppid }: { pid: number; ppid: number } = process,
): number | undefined {
  if (LISTEN_FDS === undefined || ![pid, ppid].includes(Number(LISTEN_PID))) return undefined;
  if (LISTEN_FDS !== '1') throw new Error(`LISTEN_FDS is ${LISTEN_FDS}: AVA listens on one socket. Give it one.`);
  return FIRST_DESCRIPTOR;
}
