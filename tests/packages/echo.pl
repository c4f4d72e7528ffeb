# SPDX-License-Identifier: MIT OR Apache-2.0
# A server and a client in one process, with what a minimal Debian has of Perl. Prints
# which library is in the process.
use strict;
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", Proto => "tcp") or die "listen: $!";
my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $listener->sockport, Proto => "tcp") or die "connect: $!";
my $server = $listener->accept or die "accept: $!";
print $client "a line\n" or die "send: $!";
$client->shutdown(1) or die "shutdown: $!";
my $line = <$server>;
die "received: " . ($line // "nothing") unless $line eq "a line\n";
open my $maps, "<", "/proc/self/maps" or die "maps: $!";
my ($library) = grep { s/.* (\/.*libsmc_shim\.so)\n/$1/ } <$maps>;
print $library // "no library", "\n";
