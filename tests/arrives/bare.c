/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * SMC as others preload it: the family of stream sockets is exchanged and
 * nothing else is done. What is lost with this arrives with the shim.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");

	if ((domain == AF_INET || domain == AF_INET6) && (type & 15) == SOCK_STREAM &&
	    (protocol == 0 || protocol == IPPROTO_TCP))
		return real(AF_SMC, type, domain == AF_INET6);
	return real(domain, type, protocol);
}
