# SPDX-License-Identifier: MIT OR Apache-2.0
"""Jobs and their streams, as kit/job.rs and kit/stream.rs have them, for the programs in Python."""
import errno
import sys

HEAD, ANSWER = 64, 128
PIECE, PERIOD, APART = 1 << 20, 65521, 257


def once():
    state = 1
    for _ in range(PERIOD):
        state = state * 1664525 + 1013904223 & 0xffffffff
        yield state >> 24


CONTENT = memoryview(bytes(once()) * (PIECE // PERIOD + 2))


def content(stream, position, length):
    """What a stream has from `position` on: so many bytes, but PIECE at most."""
    place = (position + stream * APART) % PERIOD
    return CONTENT[place:place + min(length, PIECE)]


class Job:
    """How far it is; prints its report when both directions have ended."""

    def __init__(self, text, connects):
        self.head = text.encode().ljust(HEAD)
        number, sent, answered, _ = text.split(" ", 3)
        self.number = int(number)
        mine, theirs = (self.number, int(sent)), (self.number + ANSWER, int(answered))
        if not connects:
            mine, theirs = theirs, mine
        self.stream, self.length = mine
        self.theirs, _ = theirs
        self.sent = self.received = 0
        self.wrong = None
        self.ends = {}

    def piece(self):
        """What is to be sent next; nothing at the end."""
        return content(self.stream, self.sent, self.length - self.sent)

    def came(self, data):
        expected = content(self.theirs, self.received, len(data))
        if self.wrong is None and data != expected:
            places = (place for place, (was, is_) in enumerate(zip(expected, data)) if was != is_)
            self.wrong = self.received + next(places)
        self.received += len(data)

    def sending_ended(self, error=None):
        self.ended("sending", f"error:{name(error)}" if error else "done")

    def receiving_ended(self, error=None):
        end = "end" if self.wrong is None else f"wrong@{self.wrong}"
        self.ended("receiving", f"error:{name(error)}" if error else end)

    def ended(self, direction, how):
        self.ends[direction] = how
        if len(self.ends) == 2:
            self.report()

    def report(self):
        sending, receiving = (self.ends.get(key, "unfinished") for key in ("sending", "receiving"))
        words = (self.number, "sent", self.sent, sending, "received", self.received, receiving)
        # By one call: others write there, too.
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()


def name(error):
    """Of an OSError; asyncio has some without a number."""
    return errno.errorcode.get(error.errno, type(error).__name__)
