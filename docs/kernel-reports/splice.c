// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * splice(2) from an SMC socket: what the pipe holds afterwards, and who waits for whom.
 *
 *	cc -Wall -o splice splice.c
 *	./splice close|reuse|hang [tcp]
 *
 * "reuse" must be started by root: two users make its connections.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "pair.h"

static void drop_to(uid_t uid)
{
	if (getuid() == 0 && setresuid(uid, uid, uid))
		err(1, "setresuid");
}

/* What a pipe holds after splice(2) when the connection is closed and, if reused,
 * another user's connection has been made since.
 */
static int splice_case(int reused)
{
	int pipes[2], closed[2], sent[2], letters[256] = { 0 };
	unsigned char bytes[COUNT];
	struct pair pair;
	ssize_t moved, got;
	pid_t other = 0;
	char byte = 0;

	if (pipe(pipes) || pipe(closed) || pipe(sent))
		err(1, "pipe");
	if (reused)
		other = fork();
	if (reused && other == 0) {
		struct pair pairs[8];

		drop_to(65533);
		/* Begins when the first connection is closed, and keeps its own
		 * until the pipe has been read.
		 */
		close(closed[1]);
		if (read(closed[0], &byte, 1) != 1)
			err(1, "read");
		for (int i = 0; i < 8; i++) {
			/* The buffer may come to either end. */
			pairs[i] = connected();
			send_letters(pairs[i].client, 'S');
			send_letters(pairs[i].server, 'S');
			wait_until_readable(pairs[i].client, COUNT);
			wait_until_readable(pairs[i].server, COUNT);
		}
		printf("user %d has sent S both ways on eight connections of its own\n", getuid());
		fflush(stdout);
		if (write(sent[1], &byte, 1) != 1 || read(closed[0], &byte, 1))
			err(1, "write");
		exit(0);
	}
	close(closed[0]);
	drop_to(65534);
	pair = connected();
	send_letters(pair.client, 'A');
	wait_until_readable(pair.server, COUNT);
	moved = splice(pair.server, NULL, pipes[1], NULL, 65536, 0);
	close(pair.client);
	close(pair.server);
	printf("user %d has spliced %zd bytes, all A, and closed the connection\n", getuid(), moved);
	fflush(stdout);
	/* Its buffers are free when the peer's close has come, too, which nobody is told. */
	sleep(1);
	if (reused && (write(closed[1], &byte, 1) != 1 || read(sent[0], &byte, 1) != 1))
		err(1, "the other user");
	got = read(pipes[0], bytes, sizeof(bytes));
	for (ssize_t i = 0; i < got; i++)
		letters[bytes[i]]++;
	printf("user %d reads %zd bytes out of its pipe: %d A, %d S, %d zero\n", getuid(), got,
	       letters['A'], letters['S'], letters[0]);
	close(closed[1]);
	if (reused && waitpid(other, NULL, 0) != other)
		err(1, "wait");
	return letters['A'] != moved;
}

static int splice_close(void)
{
	return splice_case(0);
}

static int splice_reuse(void)
{
	return splice_case(1);
}

/* A mover splices into a pipe without O_NONBLOCK, and a reader reads the pipe a little
 * later: both hang.
 */
static int splice_hang(void)
{
	struct pair pair = connected();
	static char bytes[1000000];
	pid_t sender, mover, reader;
	int pipes[2], status = 0, ended = 0;

	if (pipe(pipes))
		err(1, "pipe");
	sender = fork();
	if (sender == 0) {
		close(pair.server);
		for (size_t sent = 0; sent < sizeof(bytes);) {
			ssize_t count = send(pair.client, bytes, sizeof(bytes) - sent, 0);

			if (count <= 0)
				exit(1);
			sent += count;
		}
		exit(0);
	}
	close(pair.client);
	mover = fork();
	if (mover == 0) {
		close(pipes[0]);
		while (splice(pair.server, NULL, pipes[1], NULL, 1 << 30, 0) > 0)
			;
		exit(0);
	}
	close(pair.server);
	close(pipes[1]);
	reader = fork();
	if (reader == 0) {
		size_t all = 0;
		ssize_t count;

		sleep(1);
		while ((count = read(pipes[0], bytes, 4096)) > 0)
			all += count;
		printf("%zu bytes came out of the pipe\n", all);
		exit(all != sizeof(bytes));
	}
	for (int i = 0; i < 100 && !ended; i++) {
		ended = waitpid(reader, &status, WNOHANG) == reader;
		usleep(100 * MS);
	}
	if (!ended)
		puts("after 10 s the reader has not got 1000000 bytes; it, the mover and the sender wait");
	/* The reader waits for the mutex of the pipe, without signals. */
	kill(mover, SIGKILL);
	kill(sender, SIGKILL);
	kill(reader, SIGKILL);
	while (wait(NULL) > 0)
		;
	return !ended || status;
}

static const struct one_case cases[] = {
	{ "close", splice_close }, { "reuse", splice_reuse }, { "hang", splice_hang }, { NULL, NULL },
};

int main(int argc, char **argv)
{
	return run_case(cases, argc, argv);
}
