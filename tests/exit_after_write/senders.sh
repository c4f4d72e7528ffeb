# shellcheck shell=sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Sends one file to the receiver in the manner of HABIT: senders.sh HOW HABIT
# RUN is what programs are run by; SERVER and PORT are the receiver's.
set -eu
how=$1 habit=$2
FILE=$(mktemp)
export FILE
trap 'rm -f "$FILE"' EXIT
# shellcheck source=tests/exit_after_write/file.sh
. tests/exit_after_write/file.sh
file >"$FILE"

python='import os, socket, sys, time
connection = socket.create_connection((os.environ["SERVER"], int(os.environ["PORT"])))
data = open(os.environ["FILE"], "rb").read()
if data.startswith(b"corked"):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
connection.sendall(data)
'
# shellcheck disable=SC2016 # the programs' own variables
case $habit in
nc) $RUN nc -N "$SERVER" "$PORT" <"$FILE" ;;
bash) $RUN bash -c 'cat "$FILE" >"/dev/tcp/$SERVER/$PORT"' ;;
bash-exec) $RUN bash -c 'exec 3<>"/dev/tcp/$SERVER/$PORT"; cat "$FILE" >&3; exec true' ;;
perl) $RUN perl -MIO::Socket::INET -e '
    my $connection = IO::Socket::INET->new("$ENV{SERVER}:$ENV{PORT}") or die $!;
    open(my $file, "<", $ENV{FILE}) or die $!;
    print {$connection} <$file> or die $!;' ;;
python) $RUN /usr/bin/python3 -c "$python
sys.exit(0)" ;;
python-_exit) $RUN /usr/bin/python3 -c "$python
os._exit(0)" ;;
python-exec) $RUN /usr/bin/python3 -c "$python
os.execvp('true', ['true'])" ;;
python-fork) $RUN /usr/bin/python3 -c "$python
os.fork() or os._exit(0)
connection.close()
os.wait()" ;;
python-fork-waits) $RUN /usr/bin/python3 -c "$python
ready, told = os.pipe()
if os.fork() == 0:
    own = socket.create_connection(connection.getpeername())
    numbers = b''.join(b'%d\n' % number for number in range(1, 100000))
    own.sendall((b'slower python-child\n' + numbers)[:160000])
    os.write(told, b'.')
    os._exit(0)
os.read(ready, 1)
# The child waits for its own socket by now, and has left this one to its parent.
time.sleep(0.3)
connection.close()" ;;
python-child) ;; # what the child above sends
socat) $RUN socat -u "OPEN:$FILE" "TCP:$SERVER:$PORT" ;;
esac
