/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * socket64: no call of the C library's. With -DLIBRARY, a library that brings one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef LIBRARY

int socket64(int domain, int type, int protocol)
{
	return socket(domain, type, protocol);
}

#else

int main(int count, char **arguments)
{
	int (*found)(int, int, int) = NULL;
	int fd, protocol = 0, domain = 0;
	socklen_t length = sizeof(int);

	if (count > 1 && !dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL))
		return 1;
	*(void **)&found = dlsym(RTLD_DEFAULT, "socket64");
	if (!found) {
		printf("socket64: none\n");
		return 0;
	}
	fd = found(AF_INET, SOCK_STREAM, 0);
	if (fd < 0) {
		printf("socket64: %s\n", errno == ENOSYS ? "none" : strerror(errno));
		return 0;
	}
	/* By system calls: the kernel's own answers. */
	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length);
	printf("socket64: %d/%d\n", domain, protocol);
	return 0;
}

#endif
