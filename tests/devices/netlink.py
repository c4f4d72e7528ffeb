#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Asks SMC in the kernel by raw netlink, in JSON; shares nothing with smcctl.

netlink.py pnetids | ueids | groups | links | stats
netlink.py add-pnetid PNETID INTERFACE | add-ueid UEID

Numbers are those of include/uapi/linux/smc.h.
"""
import json
import os
import socket
import struct
import sys

GENERIC, CONTROL, ERROR, DONE = 16, 16, 2, 3
REQUEST, ACK, DUMP = 1, 4, 0x300


def attribute(kind, value):
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def number(value):
    return int.from_bytes(value, sys.byteorder)


def text(value):
    return value.split(b"\0")[0].decode().strip(" ")


def ask(family, command, flags, payload=b""):
    """The attributes of each answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC) as asking:
        asking.bind((0, 0))
        body = struct.pack("=BBH", command, 1, 0) + payload
        asking.send(struct.pack("=IHHII", 16 + len(body), family, REQUEST | flags, 1, 0) + body)
        answers = []
        while True:
            data = asking.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == ERROR and number(data[16:20]):
                    error = -struct.unpack_from("=i", data, 16)[0]
                    raise OSError(error, os.strerror(error))
                if kind in (ERROR, DONE):
                    return answers
                answers.append(attributes(data[20:length]))
                data = data[(length + 3) & ~3 :]


def family(name):
    answer = ask(CONTROL, 3, ACK, attribute(2, name.encode() + b"\0"))
    return number(answer[0][1])


def smc(command, wrapping):
    answers = ask(family("SMC_GEN_NETLINK"), command, DUMP)
    return [attributes(answer[wrapping]) for answer in answers if wrapping in answer]


def pnetids():
    return [
        [text(one[1]), text(one[2]), text(one[3]), number(one[4])]
        for one in ask(family("SMC_PNETID"), 1, DUMP)
    ]


def ueids():
    return [text(one[1]) for one in ask(family("SMC_GEN_NETLINK"), 9, DUMP)]


def group(one, kind, connections, common):
    agreed = attributes(one.get(common, b""))
    return {
        "id": "%08x" % number(one[1]),
        "kind": kind,
        "connections": number(one[connections]),
        "version": number(agreed[0]) if 0 in agreed else 1,
        "eid": text(agreed[3]) if 3 in agreed else None,
        "peer_host": text(agreed[4]) if 4 in agreed else None,
    }


def groups():
    told = []
    for one in smc(2, 2):
        told.append(group(one, "SMC-R", 6, 7))
        told[-1]["role"] = ["client", "server"][number(one[2])]
        told[-1]["pnetid"] = text(one[4]) or None
    for one in smc(4, 4):
        told.append(group(one, "SMC-D", 5, 9))
        told[-1]["gid"] = "%016x:%016x" % (number(one[2]), number(one[10]))
        told[-1]["chid"] = number(one[7])
    return told


def links():
    told, current = [], None
    for answer in ask(family("SMC_GEN_NETLINK"), 3, DUMP):
        if 2 in answer:
            current = "%08x" % number(attributes(answer[2])[1])
        if 3 in answer:
            one = attributes(answer[3])
            told.append(
                {
                    "group": current,
                    "id": number(one[1]),
                    "device": text(one[2]),
                    "port": number(one[3]),
                    "connections": number(one[6]),
                    "interface": socket.if_indextoname(number(one[7])),
                    "active": number(one[10]) == 3,
                }
            )
    return told


def stats():
    [one] = smc(7, 7)
    told = {"handshake_errors": [number(one[3]), number(one[4])], "reasons": {}}
    names = "client_v1 client_v2 server_v1 server_v2 sendpage splice cork no_delay urgent \
             received_bytes sent_bytes received sent"
    for name, kind in (("smc_d", 1), ("smc_r", 2)):
        counted = attributes(one[kind])
        told[name] = {key: number(counted[7 + at]) for at, key in enumerate(names.split())}
        sizes = "send_buffer_sizes receive_buffer_sizes sent_sizes received_sizes"
        for at, key in enumerate(sizes.split()):
            classes = attributes(counted[1 + at])
            told[name][key] = [number(classes[1 + place]) for place in range(9)]
    for one in smc(8, 8):
        side = "server" if number(one[1]) else "client"
        told["reasons"]["%s %#010x" % (side, number(one[4]))] = number(one[5])
        if 2 in one:
            told["fallbacks"] = {"server": number(one[2]), "client": number(one[3])}
    return told


def add_pnetid(pnetid, interface):
    payload = attribute(1, pnetid.encode() + b"\0") + attribute(2, interface.encode() + b"\0")
    ask(family("SMC_PNETID"), 2, ACK, payload)


def add_ueid(ueid):
    ask(family("SMC_GEN_NETLINK"), 10, ACK, attribute(1, ueid.ljust(32).encode() + b"\0"))


verb = globals()[sys.argv[1].replace("-", "_")]
print(json.dumps(verb(*sys.argv[2:])))
