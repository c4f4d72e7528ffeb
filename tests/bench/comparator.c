// SPDX-License-Identifier: MIT OR Apache-2.0
// What the shim is compared with: a preload library that does per call what
// IBM's libsmc-preload does. No lists, no demotion, no way back to TCP.
// LIBC: where socket() is to be had, for kernel.c to come in between.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef LIBC
#define LIBC "libc.so.6"
#endif

static void set_size(int fd, int option, const char *variable)
{
	const char *value = getenv(variable);
	if (value) {
		int size = (int)strtol(value, NULL, 10);
		setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size));
	}
}

int socket(int domain, int type, int protocol)
{
	static void *library;
	static int (*real)(int, int, int);
	if (!library) {
		library = dlopen(LIBC, RTLD_LAZY);
		real = (int (*)(int, int, int))dlsym(library, "socket");
		if (!real) {
			fprintf(stderr, "comparator: %s\n", dlerror());
			abort();
		}
	}
	if ((domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM &&
	    (protocol == IPPROTO_IP || protocol == IPPROTO_TCP)) {
		protocol = domain == AF_INET6;
		domain = 43; // AF_SMC
	}
	int fd = real(domain, type, protocol);
	if (fd != -1) {
		set_size(fd, SO_SNDBUF, "SMC_SNDBUF");
		set_size(fd, SO_RCVBUF, "SMC_RCVBUF");
	}
	return fd;
}
