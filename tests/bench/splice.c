// SPDX-License-Identifier: MIT OR Apache-2.0
// A relay: BYTES come over a connection of this host, go by splice(2) through a pipe
// and into /dev/null. Prints what SO_PROTOCOL says of the connection and how many MB
// came per second. The sender writes 64 KiB at a time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 65536 };

static long check(long answer)
{
	if (answer < 0) {
		perror("splice");
		exit(1);
	}
	return answer;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void send_all(int out, long bytes)
{
	static char data[PIECE];
	while (bytes > 0)
		bytes -= check(write(out, data, bytes < PIECE ? bytes : PIECE));
}

int main(int arguments, char **argument)
{
	long bytes = arguments > 1 ? atol(argument[1]) : 1L << 26;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = check(socket(AF_INET, SOCK_STREAM, 0));
	check(bind(listener, (struct sockaddr *)&address, length));
	check(listen(listener, 1));
	check(getsockname(listener, (struct sockaddr *)&address, &length));
	if (check(fork()) == 0) {
		int out = check(socket(AF_INET, SOCK_STREAM, 0));
		check(connect(out, (struct sockaddr *)&address, length));
		send_all(out, bytes);
		return 0;
	}
	int in = check(accept(listener, NULL, NULL)), sink = check(open("/dev/null", O_WRONLY));
	int ends[2], protocol = 0;
	length = sizeof(protocol);
	check(syscall(SYS_getsockopt, in, SOL_SOCKET, SO_PROTOCOL, &protocol, &length));
	check(pipe(ends));
	double begun = now();
	long moved = 0, got;
	while ((got = check(splice(in, NULL, ends[1], NULL, PIECE, SPLICE_F_MOVE))) > 0) {
		moved += got;
		while (got > 0)
			got -= check(splice(ends[0], NULL, sink, NULL, got, SPLICE_F_MOVE));
	}
	double took = now() - begun;
	if (moved != bytes) {
		fprintf(stderr, "splice: %ld of %ld bytes came\n", moved, bytes);
		return 1;
	}
	printf("%d %.1f\n", protocol, moved / took / 1e6);
	return 0;
}
