# SPDX-License-Identifier: MIT OR Apache-2.0
# A server that takes its time to answer, FACTOR times as long, and its client:
# workload.pl server PORT | client PORT [REQUESTS]
# (Perl: python3 may be a version manager's wrapper, for which an emulated processor
# takes seconds.)
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

my ($side, $port, $count) = @ARGV;
my $address = sockaddr_in($port, INADDR_LOOPBACK);
socket(my $socket, AF_INET, SOCK_STREAM, 0) or die "socket: $!";
if ($side eq 'server') {
    my $slower = $ENV{FACTOR} // 1;
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
    bind($socket, $address) or die "bind: $!";
    listen($socket, SOMAXCONN) or die "listen: $!";
    while (accept(my $connection, $socket)) {
        while (sysread($connection, my $request, 1) // die "read: $!") {
            sleep((0.04 + rand(0.04)) * $slower);
            syswrite($connection, 'x') or die "write: $!";
        }
    }
    die "accept: $!";
}
$count //= 4;
connect($socket, $address) or die "connect: $!";
my $begun = clock_gettime(CLOCK_MONOTONIC);
for (1 .. $count) {
    syswrite($socket, 'x') or die "write: $!";
    sysread($socket, my $answer, 1) // die "read: $!";
    $answer eq 'x' or die "not the answer: '$answer'";
}
print 'took ', (clock_gettime(CLOCK_MONOTONIC) - $begun) * 1000 / $count, " ms\n";
