/* SPDX-License-Identifier: MIT OR Apache-2.0
 * The positive control: what preloads for SMC do in general, the other socket
 * family and nothing more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol)
{
	int (*next)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	int stream = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM;
	int tcp = stream && (protocol == 0 || protocol == IPPROTO_TCP);

	if (tcp && (domain == AF_INET || domain == AF_INET6))
		return next(43 /* AF_SMC */, type, domain == AF_INET6);
	return next(domain, type, protocol);
}
