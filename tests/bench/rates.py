# SPDX-License-Identifier: MIT OR Apache-2.0
"""How fast data comes out of an SMC socket by splice(2), which the shim copies,
compared with TCP's splice. Run by `scripts/bench splice` on a kernel with SMC.
"""
import statistics
import subprocess
import sys

ROUNDS = 7
BYTES = 1 << 26
IPPROTO_TCP, IPPROTO_SMC = 6, 256


def rate(program, wrapper, protocol):
    """MB per second of one run, which must have been of this protocol."""
    said = subprocess.run([*wrapper, program, str(BYTES)], check=True, text=True, stdout=subprocess.PIPE).stdout
    seen, rate = said.split()
    if int(seen) != protocol:
        sys.exit(f"scripts/bench: SO_PROTOCOL of the connection is {seen}, expected {protocol}")
    return float(rate)


def main():
    program, shim = sys.argv[1:3]
    tcp, smc = [], []
    for _ in range(ROUNDS):
        tcp.append(rate(program, [], IPPROTO_TCP))
        smc.append(rate(program, [shim, "--require"], IPPROTO_SMC))
    ratios = sorted(b / a for a, b in zip(tcp, smc))
    print("splice(2) from a socket through a pipe, MB per second, median of", ROUNDS)
    print(f"TCP      {statistics.median(tcp):8.1f}")
    print(f"smc_run  {statistics.median(smc):8.1f}")
    print(f"ratio    {statistics.median(ratios):8.2f}   ({ratios[0]:.2f} to {ratios[-1]:.2f})")


main()
