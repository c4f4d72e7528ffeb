// SPDX-License-Identifier: MIT OR Apache-2.0
// Stands in for a kernel with SMC on machines without: preloaded behind the
// library that is measured (and alone for the bare call), it makes a TCP
// socket where an SMC one is asked for, at the same number of instructions as
// for any other socket. So the way that succeeds is measured everywhere.
// Its _exit() does nothing, so that it can be called more than once.
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int family[64] = {
	[AF_UNIX] = AF_UNIX,
	[AF_INET] = AF_INET,
	[AF_INET6] = AF_INET6,
	[43] = AF_INET, // AF_SMC
};

int socket(int domain, int type, int protocol)
{
	// 0 stays, and so does TCP (6); IPPROTO_SMC (256) and SMCPROTO_SMC6 (1) go.
	return (int)syscall(SYS_socket, family[domain & 63], type, protocol & 254);
}

// By its symbol's name: the compiler knows that _exit() does not return.
void stay(int status) __asm__("_exit");

void stay(int status)
{
	(void)status;
}
