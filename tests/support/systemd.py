#!/usr/bin/env python3
"""As much of systemd as the server can notice, for tests/e2e/systemd.test.js.

    systemd.py activate|store NOTIFY_SOCKET PORT COMMAND…

activate opens the port and gives it to each process; store keeps what it is sent. The main process is started
again whenever it ends. Lines on standard input: "restart". Its end ends all.
"""
import array
import os
import select
import signal
import socket
import sys

mode, notify_path, port, command = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
kept = []  # [name, descriptor]
main_pid = 0
is_ending = False

# Who is told to be the main process is our child once the former one has ended.
import ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER

notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(notify_path)
if mode == 'activate':
    listener = socket.socket(socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', port))
    listener.listen(4096)
    kept.append(['reverb.socket', listener.fileno()])


def start():
    global main_pid
    main_pid = os.fork()
    if main_pid:
        return
    fds = [os.dup(fd) for _, fd in kept]
    high = [os.dup2(fd, 200 + i) for i, fd in enumerate(fds)]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i)
    os.closerange(3 + len(fds), 1000)
    os.environ['NOTIFY_SOCKET'] = notify_path
    if fds:
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                          LISTEN_FDNAMES=':'.join(name for name, _ in kept))
    os.execv(command[0], command)


def hear():
    global main_pid, kept
    text, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(253 * 4))
    lines = text.decode().split('\n')
    fds = array.array('i')
    for _, _, data in ancillary:
        fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
    for line in lines:
        print('told', line, flush=True)
        if line.startswith('MAINPID='):
            main_pid = int(line[8:])
    names = [line[7:] for line in lines if line.startswith('FDNAME=')]
    if 'FDSTOREREMOVE=1' in lines:
        for name, fd in kept:
            if name in names:
                os.close(fd)
        kept = [[name, fd] for name, fd in kept if name not in names]
    for fd in fds:
        if any(os.path.sameopenfile(fd, other) for _, other in kept):
            os.close(fd)
        else:
            kept.append([names[0], fd])


def is_gone(pid):
    """A main process that ends before its predecessor has is that one's child, and reaped by it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def reap():
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            while select.select([notify], [], [], 0)[0]:
                hear()  # what it said before it ended
            if ended is None:
                return
            pid, status = os.waitpid(ended.si_pid, 0)
        except ChildProcessError:
            return
        if os.waitstatus_to_exitcode(status) != 0:
            print('ended with', status, flush=True)
            sys.exit(1)
        if pid == main_pid:
            if is_ending:
                sys.exit(0)
            start()


start()
while True:
    readable, _, _ = select.select([notify] + ([] if is_ending else [sys.stdin]), [], [], 0.02)
    if sys.stdin in readable:
        line = sys.stdin.readline()
        is_ending = line == ''
        os.kill(main_pid, signal.SIGTERM)
    reap()
    if is_gone(main_pid):
        if is_ending:
            sys.exit(0)
        start()
