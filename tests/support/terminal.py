#!/usr/bin/env python3
"""Runs a command in a terminal of its own: terminal.py ROWS COLUMNS COMMAND…

Standard input is what is typed, standard output what the terminal shows. Descriptor 3 takes lines "ROWS COLUMNS", a new
size, and "KILL SIGNAL"; at the end it is told the exit status and whether the terminal is as it was."""
import fcntl, json, os, select, struct, subprocess, sys, termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', int(rows), int(columns), 0, 0))


def begin():
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def obey(child, slave, line):
    first, second = line.split()
    if first == 'KILL':
        child.send_signal(int(second))
    else:
        resize(slave, first, second)


def copy(master, slave, child):
    inputs = [0, 3, master]
    while child.poll() is None or master in select.select([master], [], [], 0)[0]:
        for ready in select.select(inputs, [], [], 0.02)[0]:
            data = os.read(ready, 65536)
            if ready == master:
                os.write(1, data)
            elif not data:
                inputs.remove(ready)
            elif ready == 0:
                os.write(master, data)
            else:
                for line in data.decode().splitlines():
                    obey(child, slave, line)


def main():
    master, slave = os.openpty()
    resize(slave, *sys.argv[1:3])
    before = termios.tcgetattr(slave)
    child = subprocess.Popen(sys.argv[3:], stdin=slave, stdout=slave, stderr=slave, preexec_fn=begin)
    copy(master, slave, child)
    os.write(3, json.dumps({'status': child.returncode, 'isRestored': termios.tcgetattr(slave) == before}).encode())


main()
