# SPDX-License-Identifier: MIT OR Apache-2.0
"""What becomes of a listener: listeners.py ADDRESS LIMIT

Says what happened in words that know nothing of SMC. LIMIT: seconds until
something that has not happened is said to happen never.
"""
import errno
import os
import select
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../kit"))
import sleeping

ADDRESS, LIMIT = sys.argv[1], float(sys.argv[2])
FAMILY = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET


def outcome(call):
    """`0`, or the name of the error."""
    try:
        call()
        return "0"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))


def listening(port=0):
    listener = socket.socket(FAMILY)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((ADDRESS, port))
    listener.listen(16)
    return listener


def by_accept(listener):
    listener.accept()


def by_poll(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    if not poll.poll(LIMIT * 900):
        raise OSError(errno.ETIME, "never")
    listener.accept()


def by_epoll(listener):
    with select.epoll() as epoll:
        epoll.register(listener, select.EPOLLIN)
        if not epoll.poll(LIMIT * 0.9):
            raise OSError(errno.ETIME, "never")
        listener.accept()


WAYS = {"accept": by_accept, "poll": by_poll, "epoll": by_epoll}


def woken(way, count, how):
    """`count` threads wait in the manner of `way` while the listener is shut down."""
    listener = listening()
    told = {}

    def wait(number):
        told[number] = outcome(lambda: WAYS[way](listener))

    threads = [threading.Thread(target=wait, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        sleeping.wait_until_asleep(thread.native_id, way)
    shut = outcome(lambda: listener.shutdown(how))
    deadline = time.monotonic() + LIMIT
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    told = [told.get(number, "never") for number in range(count)]
    kinds = " ".join(f"{kind} x{told.count(kind)}" for kind in sorted(set(told)))
    print(f"shutdown {how}: {shut}; {count} in {way}: {kinds}", flush=True)


def afterwards():
    """The listener after a shutdown, its port, and a second life."""
    # TCP gives back a port that it has chosen itself.
    with listening() as free:
        port = free.getsockname()[1]
    listener = listening(port)
    address = listener.getsockname()
    caller = socket.create_connection(address[:2])
    listener.accept()[0].close()
    caller.close()
    print("shutdown:", outcome(lambda: listener.shutdown(socket.SHUT_RDWR)))
    listener.setblocking(False)
    print("accept:", outcome(listener.accept))
    listener.setblocking(True)
    print("listens:", listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    print("the same address:", listener.getsockname() == address)
    print("connect:", outcome(lambda: socket.create_connection(address[:2], LIMIT)))
    print("listen:", outcome(lambda: listener.listen(16)))
    print("listens:", listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    listener.settimeout(LIMIT)

    def serve():
        with socket.create_connection(address[:2], LIMIT) as caller:
            caller.sendall(b"again")
            caller.shutdown(socket.SHUT_WR)
            with listener.accept()[0] as accepted:
                accepted.settimeout(LIMIT)
                if accepted.recv(16, socket.MSG_WAITALL) != b"again":
                    raise OSError(errno.EBADMSG, "another connection")

    print("served again:", outcome(serve))
    print("shutdown again:", outcome(lambda: listener.shutdown(socket.SHUT_RDWR)))
    listener.close()
    other = socket.socket(FAMILY)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print("another binds:", outcome(lambda: other.bind(address)))
    print("another listens:", outcome(lambda: other.listen(1)))


def late_options():
    """What is set on a listener that listens already is in force on what it accepts."""
    listener = listening()
    linger = struct.pack("ii", 1, 7)
    timeout = struct.pack("ll", 0, 200_000)
    for option, value in (
        (socket.SO_KEEPALIVE, 1),
        (socket.SO_LINGER, linger),
        (socket.SO_RCVTIMEO, timeout),
        (socket.SO_SNDBUF, 40_000),
    ):
        listener.setsockopt(socket.SOL_SOCKET, option, value)
    caller = socket.create_connection(listener.getsockname()[:2])
    accepted, _ = listener.accept()
    get = lambda option, length=0: accepted.getsockopt(socket.SOL_SOCKET, option, length)
    print("SO_KEEPALIVE:", get(socket.SO_KEEPALIVE))
    print("SO_LINGER:", get(socket.SO_LINGER, 8) == linger)
    # Clocks of some kernels count in steps of 4 ms.
    seconds, micros = struct.unpack("ll", get(socket.SO_RCVTIMEO, 16))
    print("SO_RCVTIMEO:", seconds == 0 and 200_000 <= micros <= 210_000)
    print("SO_SNDBUF:", get(socket.SO_SNDBUF))
    waited = threading.Thread(target=lambda: print("recv:", outcome(lambda: accepted.recv(1))))
    waited.daemon = True
    waited.start()
    waited.join(LIMIT)
    if waited.is_alive():
        print("recv: never", flush=True)
    caller.close()


for count in 1, 8:
    for way in WAYS:
        woken(way, count, socket.SHUT_RDWR)
woken("accept", 1, socket.SHUT_RD)
afterwards()
late_options()
sys.stdout.flush()
os._exit(0)  # threads that wait for ever
