# SPDX-License-Identifier: MIT OR Apache-2.0
"""How a connect goes on and how it fails: connects.py ADDRESS NOBODY LIMIT

NOBODY is an address on a wire where no host has it. Says what happened in words
that know nothing of SMC. LIMIT: seconds until something that has not happened is
said to happen never. The listener that is slow to take connections is made by
system calls of its own and is TCP in any case.
"""
import ctypes
import errno
import os
import select
import signal
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../kit"))
import sleeping

ADDRESS, NOBODY, LIMIT = sys.argv[1], sys.argv[2], float(sys.argv[3])
FAMILY = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET
LIBC = ctypes.CDLL(None, use_errno=True)
SOCKET, CONNECT = {"x86_64": (41, 42), "aarch64": (198, 203), "s390x": (359, 362)}[os.uname().machine]
LISTEN = {"x86_64": 50, "aarch64": 201, "s390x": 363}[os.uname().machine]
REASONS = ("ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ECONNREFUSED")


def name(error):
    return errno.errorcode.get(error, str(error))


def sockaddr(address):
    host, port = address[:2]
    port = struct.pack("!H", port)
    if FAMILY == socket.AF_INET6:
        rest = port + bytes(4) + socket.inet_pton(FAMILY, host) + bytes(4)
    else:
        rest = port + socket.inet_pton(FAMILY, host) + bytes(8)
    return struct.pack("H", FAMILY) + rest


def connect(connection, address):
    """connect(2) as C has it: Python itself would wait for an interrupted one."""
    packed = sockaddr(address)
    answer = LIBC.connect(connection.fileno(), packed, len(packed))
    return "0" if answer == 0 else name(ctypes.get_errno())


class SlowListener:
    """On TCP, with no room for connections until it is told to make some."""

    def __init__(self):
        self.listener = socket.socket(fileno=LIBC.syscall(SOCKET, FAMILY, socket.SOCK_STREAM, 0))
        self.listener.bind((ADDRESS, 0))
        assert LIBC.syscall(LISTEN, self.listener.fileno(), 0) == 0
        self.address = self.listener.getsockname()
        self.filler = socket.socket(fileno=LIBC.syscall(SOCKET, FAMILY, socket.SOCK_STREAM, 0))
        packed = sockaddr(self.address)
        assert LIBC.syscall(CONNECT, self.filler.fileno(), packed, len(packed)) == 0

    def make_room(self):
        self.listener.accept()[0].close()

    def receives(self):
        """What comes by the next connection."""
        self.listener.settimeout(LIMIT)
        try:
            accepted, _ = self.listener.accept()
            accepted.settimeout(LIMIT)
            return accepted.recv(16, socket.MSG_WAITALL).decode()
        except TimeoutError:
            return "never"


def outcome(connection):
    """What poll and SO_ERROR say of a connect that goes on."""
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    if not poll.poll(LIMIT * 1000):
        return "never"
    return name(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def goes_on(connection, slow):
    slow.make_room()
    told = outcome(connection)
    return told if told != "0" else f"{told}, {arrives(connection, slow)}"


def arrives(connection, slow):
    try:
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        return name(error.errno)
    return slow.receives()


def interrupted():
    signal.siginterrupt(signal.SIGUSR1, True)
    slow, connection = SlowListener(), socket.socket(FAMILY)
    main, number = threading.get_ident(), threading.get_native_id()

    def interrupt():
        sleeping.wait_until_asleep(number, "connect")
        signal.pthread_kill(main, signal.SIGUSR1)

    threading.Thread(target=interrupt).start()
    answer = connect(connection, slow.address)
    return f"{answer}; {goes_on(connection, slow)}"


def restarted():
    signal.siginterrupt(signal.SIGUSR1, False)
    slow, connection = SlowListener(), socket.socket(FAMILY)
    main, number = threading.get_ident(), threading.get_native_id()
    # The handler runs in the thread that connects, and writes a byte into this.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)

    def interrupt():
        for _ in range(3):
            sleeping.wait_until_asleep(number, "connect")
            signal.pthread_kill(main, signal.SIGUSR1)
            os.read(reader, 1)
        sleeping.wait_until_asleep(number, "connect")
        slow.make_room()

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    answer = connect(connection, slow.address)
    signal.set_wakeup_fd(-1)
    if answer != "0":
        return answer
    return f"{answer}; {arrives(connection, slow)}"


def bounded(blocking):
    slow, connection = SlowListener(), socket.socket(FAMILY)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 300_000))
    # Behind Python's back, which would wait for it in other calls.
    os.set_blocking(connection.fileno(), blocking)
    answer = connect(connection, slow.address)
    if not blocking:
        # The time is over, and nothing comes of it.
        poll = select.poll()
        poll.register(connection, select.POLLOUT)
        answer += f"; {'something' if poll.poll(900) else 'nothing'}"
    told = goes_on(connection, slow)
    kept = struct.unpack("ll", connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16))
    return f"{answer}; {told}; {kept}"


def refusing():
    """An address where nothing listens."""
    with socket.socket(FAMILY) as free:
        free.bind((ADDRESS, 0))
        return free.getsockname()


def failed_later(connection, address):
    """Non-blocking: SO_ERROR says why. Any reason will do."""
    os.set_blocking(connection.fileno(), False)
    answer = connect(connection, address)
    why = answer if answer != "EINPROGRESS" else outcome(connection)
    os.set_blocking(connection.fileno(), True)
    return "says why" if why in REASONS else f"says {why}"


def again(connection):
    """A descriptor whose connect has failed connects elsewhere."""
    with socket.create_server((ADDRESS, 0), family=FAMILY) as listener:
        answer = connect(connection, listener.getsockname())
        if answer == "ECONNABORTED":
            answer = connect(connection, listener.getsockname())
        if answer != "0":
            return answer
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        with listener.accept()[0] as accepted:
            return accepted.recv(16, socket.MSG_WAITALL).decode()


def unreachable():
    return socket.socket(FAMILY), (NOBODY, 9)


def refused():
    return socket.socket(FAMILY), refusing()


def silent():
    silent.listener = SlowListener()
    connection = socket.socket(FAMILY)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    return connection, silent.listener.address


def fails(make):
    connection, address = make()
    return f"{connect(connection, address)}; again: {again(connection)}"


def fails_later(make):
    connection, address = make()
    return f"{failed_later(connection, address)}; again: {again(connection)}"


CASES = {
    "interrupted": interrupted,
    "restarted": restarted,
    "bounded": lambda: bounded(True),
    "bounded, non-blocking": lambda: bounded(False),
}
for make in refused, unreachable, silent:
    CASES[make.__name__] = lambda make=make: fails(make)
    CASES[make.__name__ + " later"] = lambda make=make: fails_later(make)

# All at once, each in a process: most of it is waiting.
pipes = {}
for case, run in CASES.items():
    reader, writer = os.pipe()
    if os.fork() == 0:
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.alarm(int(LIMIT) + 30)
        os.write(writer, run().encode())
        os._exit(0)
    os.close(writer)
    pipes[case] = reader
for case, reader in pipes.items():
    print(f"{case}: {os.read(reader, 1000).decode() or 'hangs'}", flush=True)
