# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs a program in a terminal: terminal.py HOW SEEN COMMAND...

When SEEN is on the screen, does HOW (keys:TEXT, signal:NAME, nothing) and waits for
the end. Prints a line: the exit status or -SIGNAL, how often the alternate screen was
entered and left, whether it ended outside and with a cursor, and whether the terminal
is as before. Then everything that came after the alternate screen was left.
"""
import os
import pty
import re
import select
import signal
import sys
import termios

how, seen, command = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
ENTER, LEAVE, HIDE, SHOW = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25l", b"\x1b[?25h"

master, slave = pty.openpty()
termios.tcsetwinsize(slave, (24, 80))
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.close(master)
    os.login_tty(slave)
    os.execvp(command[0], command)
ended = os.pidfd_open(child)


def give_up(*_):
    """Ends this, and with it the terminal and what runs there."""
    sys.exit(f"not seen or not ended: {written!r}")


signal.signal(signal.SIGALRM, give_up)
signal.alarm(60)

written = b""
is_done = how == "nothing"
while True:
    ready = select.select([master, ended], [], [])[0]
    if master in ready:
        written += os.read(master, 65536)
    else:
        break
    # Over blanks the cursor is moved.
    words = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b" ", written)
    if not is_done and seen in words:
        is_done = True
        kind, _, what = how.partition(":")
        if kind == "keys":
            os.write(master, what.encode().decode("unicode_escape").encode())
        else:
            os.kill(child, getattr(signal, what))

status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
after = termios.tcgetattr(slave)
is_left = written.rfind(LEAVE) > written.rfind(ENTER)
has_cursor = written.rfind(SHOW) > written.rfind(HIDE)
print(status, written.count(ENTER), written.count(LEAVE), is_left, has_cursor, before == after)
sys.stdout.flush()
sys.stdout.buffer.write(written.rpartition(LEAVE)[2])
